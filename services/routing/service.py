"""Puts routing together."""

from pathlib import Path

from chassis.service import Service
from reference import load
from services.routing import api, court_api, courts, operator_api, queue_api
from services.routing.decision import Deciding
from services.routing.delivery import Dossiers, receipt
from services.routing.dispatch import Dispatch
from services.routing.handlers import handlers
from services.routing.replies import sources
from services.routing.settings import RoutingSettings


def build(settings: RoutingSettings) -> Service:
    """The service that finds the court and hands the procedure over. Raises BrokenReference."""
    reference = load(settings.reference_url)
    # Reads communes, courts and rules: a broken file stops the service here, and no batch waits for the reading.
    names = courts.names(reference.courts)
    dispatch = Dispatch(Deciding(reference.law, names), Dossiers(settings.intake_url))
    return Service(
        name="routing",
        title="infoParquet — orientation",
        migrations=Path(__file__).with_name("migrations"),
        routers=lambda parts: [
            api.routes(parts, reference),
            court_api.routes(parts, dispatch),
            operator_api.routes(parts, dispatch, reference),
            queue_api.routes(parts, dispatch),
        ],
        handlers=handlers(dispatch),
        sources=sources(names, dispatch),
        own_topics=list(courts.topics(reference.courts)),
        receipt=receipt,
    )
