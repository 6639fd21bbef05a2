"""Samples of what operators are told: a record that a service could not take, a row that the broker refused."""

import hashlib

from infoparquet_contracts.codes import DeadLetterCode
from infoparquet_contracts.operations import DeadLetter
from infoparquet_contracts.topics import JOURNAL

from .story import DISCHARGE, DUMPING, Sample, at, by_service

SAMPLES: tuple[Sample, ...] = (
    by_service(
        "query",
        "record",
        DISCHARGE,
        at("24T09:15:43.075"),
        DeadLetter(
            service="query",
            topic=JOURNAL.name,
            partition=17,
            offset=90_412,
            digest=hashlib.sha256(b"record").hexdigest(),
            code=DeadLetterCode.SCHEMA_VIOLATION,
            pointer="/missing/0",
        ),
    ),
    by_service(
        "routing",
        "outbox-row",
        DUMPING,
        at("24T10:40:32.800"),
        DeadLetter(
            service="routing",
            topic="infoparquet.tribunal.tj33063.v1",
            partition=None,
            offset=None,
            digest=hashlib.sha256(b"row").hexdigest(),
            code=DeadLetterCode.BROKER_REFUSED,
            pointer="",
        ),
    ),
)
