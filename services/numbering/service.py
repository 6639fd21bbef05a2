"""Puts numbering together."""

from pathlib import Path

from chassis.comparison import Holdings
from chassis.described import Description
from chassis.service import Service
from services.numbering import store
from services.numbering.api import routes
from services.numbering.handlers import HANDLERS
from services.numbering.recollection import Numbers
from services.numbering.settings import NumberingSettings


def build(settings: NumberingSettings) -> Service:  # noqa: ARG001 - every service is built from its settings
    """The service that gives each procedure its number."""
    return Service(
        name="numbering",
        title="infoParquet — numérotation",
        migrations=Path(__file__).with_name("migrations"),
        routers=lambda parts: [routes(parts)],
        handlers=HANDLERS,
        recollection=Numbers,
        holdings=Holdings(store.unnumbered),
        description=described,
    )


def described() -> Description:
    """What the service's document says of its routes."""
    # Not at the top: only who asks for the document pays for it.
    from services.numbering.described import DESCRIPTION

    return DESCRIPTION
