"""Examples for what every service has: a reply's fact that query could not take, as a dead letter says."""

import base64
from typing import Any, Final

from infoparquet_contracts.envelope import encode
from infoparquet_contracts.facts import SupplementRequested
from infoparquet_contracts.operations import DeadLetter

from chassis.golden import golden

_TOLD: Final = golden(DeadLetter, "record")
_FACT: Final = golden(SupplementRequested, "two-items")
_RECORD: Final = encode(_FACT)

LETTER: Final[dict[str, Any]] = {
    "id": str(_TOLD.id),
    "kind": "record",
    "state": "open",
    "code": _TOLD.data.code,
    "reason": _TOLD.data.code.label,
    "cause": None,
    "pointer": _TOLD.data.pointer,
    "topic": _TOLD.data.topic,
    "partition": _TOLD.data.partition,
    "offset": _TOLD.data.offset,
    "type": _FACT.type,
    "procedure": _FACT.subject,
    "at": _TOLD.time,
    "tries": 1,
    "parked": 0,
    "closed_at": None,
    "discarded": False,
}
LETTERS: Final = {"dead_letters": [LETTER], "next": None}
WHOLE: Final = LETTER | {
    "key": base64.b64encode(_RECORD.key).decode(),
    "headers": [{"name": name, "value": base64.b64encode(value).decode()} for name, value in _RECORD.headers],
    "value": base64.b64encode(_RECORD.value).decode(),
    "value_text": _RECORD.value.decode(),
    "decisions": [],
}
DECIDED: Final = {"id": LETTER["id"], "released": 0, "parked": 0, "behind": None}
DISCARD: Final = {"reason": "Fait illisible : l’émetteur l’a dit de nouveau."}
POSITIONS: Final = [
    {
        "topic": _TOLD.data.topic,
        "partition": _TOLD.data.partition,
        "position": _TOLD.data.offset,
        "end": _TOLD.data.offset,
        "lag": 0,
        "oldest_unread_seconds": 0.0,
    }
]
_SAID: Final[dict[str, Any]] = {"procedure": _FACT.subject, "type": _FACT.type}
SAID: Final = {
    "records": [
        {
            "record": _FACT.id,
            "fact": _FACT.id,
            **_SAID,
            "state": "heard",
            "said_at": _FACT.time,
            "partition": _TOLD.data.partition,
            "offset": _TOLD.data.offset,
        }
    ],
    "next": None,
}
COMPARISON: Final = {"facts": [{"id": _FACT.id, **_SAID}]}
LACKING: Final = {"lacking": [_FACT.id]}
AGAIN: Final = {"records": [_FACT.id]}
RESENT: Final = {"resent": 1}
READ_ANEW: Final[dict[str, Any]] = {"partitions": []}
FORGET: Final = {"procedures": [_FACT.subject]}
FORGOTTEN: Final = {"forgotten": 1}
