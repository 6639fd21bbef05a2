"""Samples of the journal: what administrations said, and what became of it until a court had it."""

from infoparquet_contracts import facts
from infoparquet_contracts.codes import (
    Formation,
    Kind,
    UnroutableReason,
    WithdrawalReason,
)
from infoparquet_contracts.parts import GroundedCandidate, Matched

from . import story
from .story import AT_SEA, BORDEAUX, DELIVERY, DISCHARGE, DUMPING, LIBOURNE, Sample, at, by_service

_ENVIRONMENT = GroundedCandidate(**dict(story.ENVIRONMENT), legal_basis=story.OF_ENVIRONMENT, informed=True)
SUBMITTED = (
    by_service(
        "intake",
        "with-documents",
        DISCHARGE,
        at("24T09:12:04.250"),
        facts.Submitted(
            administration=story.DREAL,
            service="risques",
            reference="DREAL33-2026-00042",
            kind=story.KIND,
            submitted_at=at("24T09:12:04.250"),
            urgency=None,
            facts=story.PERIOD,
            places=(story.QUAY, story.RESIDENCE),
            natinf=story.OFFENCES,
            nataff=story.MATTERS,
            documents=(story.RECORD, story.PHOTOGRAPH),
        ),
    ),
    by_service(
        "intake",
        "urgent",
        DUMPING,
        at("24T10:40:31.007"),
        facts.Submitted(
            administration=story.DREAL,
            service=None,
            reference="DREAL33-2026-00043",
            kind=Kind.OFFICIAL_RECORD,
            submitted_at=at("24T10:40:31.007"),
            urgency=story.LIMITATION,
            facts=story.PERIOD.model_copy(update={"to": None}),
            places=(story.QUAY,),
            natinf=story.OFFENCES,
            nataff=story.MATTERS,
            documents=(),
        ),
    ),
    by_service(
        "intake",
        "place-without-commune",
        AT_SEA,
        at("24T14:05:00.118"),
        facts.Submitted(
            administration=story.DREAL,
            service="littoral",
            reference="DREAL33-2026-00044",
            kind=Kind.REPORT,
            submitted_at=at("24T14:05:00.118"),
            urgency=None,
            facts=story.PERIOD.model_copy(update={"from_": None, "to": None}),
            places=(story.OPEN_SEA,),
            natinf=(),
            nataff=story.MATTERS,
            documents=(),
        ),
    ),
)
_SUPPLEMENT, _WORDS = at("26T09:03:27.551"), at("26T16:20:09.004")
_WITH_ANALYSIS = story.an_id(_SUPPLEMENT, "supplement")
SUPPLEMENTED = (
    by_service(
        "intake",
        "with-documents",
        DISCHARGE,
        _SUPPLEMENT,
        facts.Supplemented(supplement=_WITH_ANALYSIS, documents=(story.ANALYSIS,), words=None),
    ),
    by_service(
        "intake",
        "in-words",
        DISCHARGE,
        _WORDS,
        facts.Supplemented(
            supplement=story.an_id(_WORDS, "supplement"), documents=(), words=story.an_id(_WORDS, "words")
        ),
    ),
)
WITHDRAWN = (
    by_service(
        "intake",
        "before-delivery",
        AT_SEA,
        at("24T15:31:46.290"),
        facts.Withdrawn(reason=WithdrawalReason.SENT_OTHERWISE),
    ),
    by_service(
        "intake",
        "after-delivery",
        story.QUARRY,
        at("27T10:15:00.790"),
        facts.Withdrawn(reason=WithdrawalReason.REGULARISED),
    ),
)
# The first is found at once; the second when the scanner, which was down, is back, and words follow it.
DOCUMENT_INFECTED = (
    by_service(
        "intake",
        "of-the-procedure",
        DISCHARGE,
        at("24T09:12:06.874"),
        facts.DocumentInfected(document=story.PHOTOGRAPH.id, supplement=None),
    ),
    by_service(
        "intake",
        "of-a-supplement",
        DISCHARGE,
        at("26T16:02:51.318"),
        facts.DocumentInfected(document=story.ANALYSIS.id, supplement=_WITH_ANALYSIS),
    ),
)
NUMBERED = (
    by_service(
        "numbering",
        "local-authority",
        DISCHARGE,
        at("24T09:12:04.318"),
        facts.Numbered(number=story.DISCHARGE_NUMBER, authority="local"),
    ),
)
ROUTED = (
    by_service(
        "routing",
        "two-candidates",
        DISCHARGE,
        at("24T09:12:04.330"),
        facts.Routed(
            tribunal=BORDEAUX,
            formation=None,
            rule="cpp-43-facts",
            legal_basis="CPP art. 43",
            matched=Matched(places=(story.QUAY,)),
            candidates=(
                GroundedCandidate(
                    tribunal=story.BAYONNE,
                    formation=None,
                    rule="cpp-43-residence",
                    legal_basis="CPP art. 43",
                    informed=False,
                ),
                _ENVIRONMENT,
            ),
            rule_set=story.RULES,
        ),
    ),
    by_service(
        "routing",
        "named-by-declining-court",
        DUMPING,
        at("25T08:31:12.894"),
        facts.Routed(
            tribunal=LIBOURNE,
            formation=None,
            rule="named-by-declining-court",
            legal_basis="CPP art. 43",
            matched=Matched(),
            candidates=(_ENVIRONMENT,),
            rule_set=story.RULES,
        ),
    ),
    by_service(
        "routing",
        "specialised-formation",
        story.LANDFILL,
        at("25T15:20:44.702"),
        facts.Routed(
            tribunal=BORDEAUX,
            formation=Formation.ENVIRONMENT,
            rule="cpp-706-2-3-environment",
            legal_basis=story.OF_ENVIRONMENT,
            matched=Matched(natinf=story.OFFENCES, nataff=story.MATTERS),
            candidates=(
                GroundedCandidate(
                    tribunal=BORDEAUX,
                    formation=None,
                    rule="cpp-43-facts",
                    legal_basis="CPP art. 43",
                    informed=False,
                ),
            ),
            rule_set=story.RULES,
        ),
    ),
)
UNROUTABLE = (
    by_service(
        "routing",
        "place-without-commune",
        AT_SEA,
        at("24T14:05:00.203"),
        facts.Unroutable(reason=UnroutableReason.PLACE_WITHOUT_COMMUNE, candidates=(), rule_set=story.RULES),
    ),
    by_service(
        "routing",
        "declined-twice",
        DUMPING,
        at("26T11:08:56.020"),
        facts.Unroutable(reason=UnroutableReason.DECLINED_TWICE, candidates=(), rule_set=story.RULES),
    ),
)
DELIVERED = (
    by_service(
        "routing",
        "receipt",
        DISCHARGE,
        at("24T09:12:04.412"),
        facts.Delivered(
            tribunal=BORDEAUX,
            delivery=DELIVERY,
            topic=f"infoparquet.tribunal.{BORDEAUX}.v1",
            partition=0,
            offset=1807,
            at=at("24T09:12:04.412"),
        ),
        event_id=story.RECEIPT,
    ),
)
SAMPLES: tuple[Sample, ...] = (
    *SUBMITTED,
    *SUPPLEMENTED,
    *WITHDRAWN,
    *DOCUMENT_INFECTED,
    *NUMBERED,
    *ROUTED,
    *UNROUTABLE,
    *DELIVERED,
)
