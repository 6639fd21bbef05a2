"""Puts intake together."""

from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter, Depends

from chassis import followed
from chassis.comparison import Holdings
from chassis.described import Description
from chassis.service import Parts, Service, Worker
from chassis.service_token import ServiceToken
from reference import Reference
from reference.live import Live
from services.intake import api, batch, depositing, dossiers, drafts, reading, supplements, uploads
from services.intake.api import Links
from services.intake.checking import Checks
from services.intake.collecting import Collector
from services.intake.competence import RoutingService
from services.intake.contents import Contents
from services.intake.handlers import HANDLERS
from services.intake.objects import Objects
from services.intake.receiving import Receiver
from services.intake.recollection import Taken
from services.intake.scanning import Scanner
from services.intake.scans import Scans
from services.intake.settings import IntakeSettings
from services.intake.turns import Turns


def build(settings: IntakeSettings) -> Service:
    """The service that takes procedures in and keeps their dossiers. Raises BrokenReference."""
    live = Live(settings.reference_url)
    checks = live.derive(checks_by)
    token = ServiceToken(settings.oidc_issuer, settings.client_id, settings.client_secret)
    routing = RoutingService(settings.routing_url, token)
    links = Links(settings.public_url)
    objects = Objects(settings.object_store_url)
    scanner = None if settings.scanner_url is None else Scanner(settings.scanner_url)
    return Service(
        name="intake",
        title="infoParquet — dépôt",
        migrations=Path(__file__).with_name("migrations"),
        routers=lambda parts: routes(
            parts,
            objects,
            [
                api.routes(parts, checks, routing, links),
                dossiers.routes(parts, scanning=scanner is not None),
                supplements.routes(parts, links),
            ],
            [batch.routes(parts, checks)],
            scanning=scanner is not None,
        ),
        handlers=HANDLERS,
        # Those that a procedure needs to reach its court; the view and the mails may be hours behind.
        holds_back_for=("numbering", "routing"),
        recollection=Taken,
        holdings=Holdings(followed.unfollowed),
        description=described,
        unlimited_paths=(batch.BATCH_PATH, depositing.DOCUMENTS_PATH, f"{uploads.UPLOADS_PATH}/"),
        problem_headers={uploads.UPLOADS_PATH: uploads.SPOKEN},
        workers=lambda parts: [live.watch, *document_workers(parts, objects, scanner)],
    )


def document_workers(parts: Parts, objects: Objects, scanner: Scanner | None) -> list[Worker]:
    """What is done about documents while nobody asks."""
    contents = Contents(objects, Turns(parts.transactions))
    collector = Collector(parts, Receiver(contents, parts.crash))
    return [collector.run, *([] if scanner is None else [Scans(parts, contents, scanner).run])]


def routes(
    parts: Parts, objects: Objects, first: Sequence[APIRouter], others: Sequence[APIRouter], *, scanning: bool
) -> list[APIRouter]:
    """Those that documents make way for, others, and those of documents."""
    turns = Turns(parts.transactions)
    contents = Contents(objects, turns)
    receiver = Receiver(contents, parts.crash)
    before = APIRouter(dependencies=[Depends(turns.go_first)])
    for router in first:
        before.include_router(router)
    return [
        before,
        *others,
        drafts.routes(parts, receiver, scanning=scanning),
        depositing.routes(receiver, scanning=scanning),
        uploads.routes(receiver),
        reading.routes(parts, contents, scanning=scanning),
    ]


def checks_by(reference: Reference) -> Checks:
    """The checks of one version of the reference data."""
    return Checks(reference.communes, reference.territory.divided, reference.natinf, reference.nataff)


def described() -> Description:
    """What the service's document says of its routes."""
    # Not at the top: only who asks for the document pays for it.
    from services.intake.described import DESCRIPTION

    return DESCRIPTION
