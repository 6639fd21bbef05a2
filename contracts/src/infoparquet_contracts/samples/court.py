"""Samples of what courts receive: Bordeaux, and Libourne for the withdrawal."""

from uuid import uuid5

from infoparquet_contracts import court
from infoparquet_contracts.codes import Kind, RecallReason, ReplyRefusal, WithdrawalReason
from infoparquet_contracts.parts import Decision

from . import story
from .story import (
    BORDEAUX,
    DELIVERY,
    DISCHARGE,
    DUMPING,
    DUMPING_DELIVERY,
    LIBOURNE,
    QUARRY,
    QUARRY_DELIVERY,
    Sample,
    at,
    by_service,
)

_DOSSIERS = "https://infoparquet.example/v1/dossiers"
_SUPPLEMENT = uuid5(DELIVERY, "supplement")
_RULE = {"formation": None, "rule": "cpp-43-facts", "legal_basis": "CPP art. 43", "rule_set": story.RULES}


def _decision(tribunal: str) -> Decision:
    return Decision(tribunal=tribunal, **_RULE)


SAMPLES: tuple[Sample, ...] = (
    by_service(
        "routing",
        "with-documents",
        DISCHARGE,
        at("24T09:12:04.391"),
        court.Delivery(
            procedure=DISCHARGE,
            reference="DREAL33-2026-00042",
            number=story.DISCHARGE_NUMBER,
            kind=story.KIND,
            administration=story.DREAL,
            submitted_at=at("24T09:12:04.250"),
            urgency=None,
            facts=story.PERIOD,
            places=(story.QUAY, story.RESIDENCE),
            natinf=story.OFFENCES,
            nataff=story.MATTERS,
            decision=_decision(BORDEAUX),
            documents=(story.RECORD, story.PHOTOGRAPH),
            dossier_url=f"{_DOSSIERS}/{DISCHARGE}",
        ),
        event_id=DELIVERY,
    ),
    by_service(
        "routing",
        "urgent",
        DUMPING,
        at("24T10:40:31.140"),
        court.Delivery(
            procedure=DUMPING,
            reference="DREAL33-2026-00043",
            number=story.DUMPING_NUMBER,
            kind=Kind.OFFICIAL_RECORD,
            administration=story.DREAL,
            submitted_at=at("24T10:40:31.007"),
            urgency=story.LIMITATION,
            facts=story.PERIOD.model_copy(update={"to": None}),
            places=(story.QUAY,),
            natinf=story.OFFENCES,
            nataff=story.MATTERS,
            decision=_decision(BORDEAUX),
            documents=(),
            dossier_url=f"{_DOSSIERS}/{DUMPING}",
        ),
        event_id=DUMPING_DELIVERY,
    ),
    by_service(
        "routing",
        "with-documents",
        DISCHARGE,
        at("26T09:03:27.633"),
        court.Supplement(procedure=DISCHARGE, delivery=DELIVERY, documents=(story.ANALYSIS,)),
        event_id=_SUPPLEMENT,
    ),
    by_service(
        "routing",
        "after-delivery",
        QUARRY,
        at("27T10:15:00.871"),
        court.Withdrawal(procedure=QUARRY, delivery=QUARRY_DELIVERY, reason=WithdrawalReason.REGULARISED),
    ),
    by_service(
        "routing",
        "declined",
        DUMPING,
        at("25T08:31:12.893"),
        court.Recall(procedure=DUMPING, delivery=DUMPING_DELIVERY, reason=RecallReason.DECLINED),
        event_id=uuid5(DUMPING_DELIVERY, "recall"),
    ),
    by_service(
        "routing",
        "specialised-formation",
        QUARRY,
        at("25T13:44:10.690"),
        court.Notice(
            procedure=QUARRY,
            reference="DREAL33-2026-00051",
            number=story.QUARRY_NUMBER,
            kind=story.KIND,
            administration=story.DREAL,
            submitted_at=at("25T13:44:10.512"),
            urgency=story.EVIDENCE,
            facts=story.PERIOD,
            places=(story.LIBOURNE_TOWN,),
            natinf=story.OFFENCES,
            nataff=story.MATTERS,
            decision=_decision(LIBOURNE),
            documents=(),
            addressed=story.ENVIRONMENT,
        ),
    ),
    by_service(
        "routing",
        "out-of-turn",
        DISCHARGE,
        at("24T09:16:20.004"),
        court.ReplyRefused(
            reply=story.an_id(at("24T09:16:19.800"), "second acknowledgement"),
            delivery=DELIVERY,
            code=ReplyRefusal.OUT_OF_TURN,
            pointer="",
        ),
    ),
    by_service(
        "routing",
        "unreadable",
        DISCHARGE,
        at("24T10:01:58.377"),
        court.ReplyRefused(reply=None, delivery=None, code=ReplyRefusal.UNREADABLE, pointer="/headers/ce_id"),
    ),
)
