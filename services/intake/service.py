"""Puts intake together."""

from pathlib import Path

from chassis import followed
from chassis.comparison import Holdings
from chassis.described import Description
from chassis.service import Service
from chassis.service_token import ServiceToken
from reference import Reference
from reference.live import Live
from services.intake import api, batch, dossiers, supplements
from services.intake.api import Links
from services.intake.checking import Checks
from services.intake.competence import RoutingService
from services.intake.handlers import HANDLERS
from services.intake.recollection import Taken
from services.intake.settings import IntakeSettings


def build(settings: IntakeSettings) -> Service:
    """The service that takes procedures in and keeps their dossiers. Raises BrokenReference."""
    live = Live(settings.reference_url)
    checks = live.derive(checks_by)
    token = ServiceToken(settings.oidc_issuer, settings.client_id, settings.client_secret)
    routing = RoutingService(settings.routing_url, token)
    links = Links(settings.public_url)
    return Service(
        name="intake",
        title="infoParquet — dépôt",
        migrations=Path(__file__).with_name("migrations"),
        routers=lambda parts: [
            api.routes(parts, checks, routing, links),
            batch.routes(parts, checks),
            dossiers.routes(parts),
            supplements.routes(parts, links),
        ],
        handlers=HANDLERS,
        # Those that a procedure needs to reach its court; the view and the mails may be hours behind.
        holds_back_for=("numbering", "routing"),
        recollection=Taken,
        holdings=Holdings(followed.unfollowed),
        description=described,
        unlimited_paths=(batch.BATCH_PATH,),
        workers=lambda _: [live.watch],
    )


def checks_by(reference: Reference) -> Checks:
    """The checks of one version of the reference data."""
    return Checks(reference.communes, reference.territory.divided, reference.natinf, reference.nataff)


def described() -> Description:
    """What the service's document says of its routes."""
    # Not at the top: only who asks for the document pays for it.
    from services.intake.described import DESCRIPTION

    return DESCRIPTION
