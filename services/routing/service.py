"""Puts routing together."""

from pathlib import Path

from chassis import followed
from chassis.comparison import Holdings
from chassis.described import Description
from chassis.service import Service
from reference import Reference
from reference.live import Live
from services.routing import api, court_api, courts, operator_api, queue_api
from services.routing.decision import Deciding
from services.routing.delivery import Dossiers, receipt
from services.routing.dispatch import Dispatch
from services.routing.handlers import handlers
from services.routing.recollection import Forgotten
from services.routing.replies import sources
from services.routing.settings import RoutingSettings


def build(settings: RoutingSettings) -> Service:
    """The service that finds the court and hands the procedure over. Raises BrokenReference."""
    live = Live(settings.reference_url)
    # Reads communes, courts and rules: a broken file stops the service here, and no batch waits for the reading.
    dispatch = Dispatch(live.derive(deciding_by), Dossiers(settings.intake_url))
    # What is read and what is created is settled now: a court that is new needs `migrate` and a restart.
    known = live.now.courts
    return Service(
        name="routing",
        title="infoParquet — orientation",
        migrations=Path(__file__).with_name("migrations"),
        routers=lambda parts: [
            api.routes(parts, lambda: live.now),
            court_api.routes(parts, dispatch),
            operator_api.routes(parts, dispatch, lambda: live.now),
            queue_api.routes(parts, dispatch),
        ],
        handlers=handlers(dispatch),
        holdings=Holdings(followed.unfollowed),
        description=lambda: described(live.now),
        sources=sources(courts.names(known), dispatch),
        own_topics=list(courts.topics(known)),
        receipt=receipt,
        recollection=lambda: Forgotten(dispatch),
        workers=lambda _: [live.watch],
    )


def deciding_by(reference: Reference) -> Deciding:
    """What decides by one version of the reference data."""
    return Deciding(reference.law, courts.names(reference.courts))


def described(reference: Reference) -> Description:
    """What the service's document says of its routes."""
    # Not at the top: only who asks for the document pays for it.
    from services.routing.described import description

    return description(reference)
