"""Puts query together."""

from pathlib import Path

from chassis.service import Service
from reference.live import Live
from reference.names import Names
from services.query import api, page
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
        workers=lambda _: [live.watch],
    )
