"""Puts query together."""

from collections.abc import Mapping
from pathlib import Path

from chassis.comparison import Holdings
from chassis.described import Description
from chassis.service import Service
from reference.live import Live
from reference.names import Names
from reference.offences import Natures
from services.query import api, figures_api, page, store
from services.query.figures_shown import Labels
from services.query.handlers import HANDLERS
from services.query.settings import QuerySettings


def build(settings: QuerySettings) -> Service:
    """The service that shows where each procedure stands."""
    live = Live(settings.reference_url)
    names = live.derive(lambda reference: Names(reference.courts))
    families = live.derive(lambda reference: _families(reference.nataff))
    return Service(
        name="query",
        title="infoParquet — suivi",
        migrations=Path(__file__).with_name("migrations"),
        routers=lambda parts: [
            api.routes(parts, names),
            figures_api.routes(parts, lambda: Labels(names(), families())),
            page.routes(),
        ],
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


def _families(nataff: Natures) -> Mapping[str, str]:
    """The labels of the letters: all that is kept of the codes."""
    return {code: nature.label for code, nature in nataff.items() if len(code) == 1}
