"""Puts query together."""

from pathlib import Path

from chassis.comparison import Holdings
from chassis.described import Description
from chassis.service import Service
from reference.live import Live
from reference.names import Names
from services.query import api, page, store
from services.query.handlers import HANDLERS
from services.query.settings import QuerySettings


def build(settings: QuerySettings) -> Service:
    """The service that shows where each procedure stands."""
    live = Live(settings.reference_url)
    names = live.derive(lambda reference: Names(reference.courts))
    return Service(
        name="query",
        title="infoParquet — suivi",
        migrations=Path(__file__).with_name("migrations"),
        routers=lambda parts: [api.routes(parts, names), page.routes()],
        handlers=HANDLERS,
        holdings=Holdings(store.unshown, store.forget),
        description=lambda: described(names()),
        workers=lambda _: [live.watch],
    )


def described(names: Names) -> Description:
    """What the service's document says of its routes."""
    # Not at the top: only who asks for the document pays for it.
    from services.query.described import description

    return description(names)
