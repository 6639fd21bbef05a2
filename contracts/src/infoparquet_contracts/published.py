"""What is published of the contracts beside the package, file by file: schemas and golden samples, each as its text."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from .envelope import type_of
from .overlap import written
from .record import Record
from .registry import MODELS
from .samples import SAMPLES
from .schemas import schema_of


class Golden(NamedTuple):
    """A sample as it stands on the wire in one version of its type."""

    case: str
    record: Record

    @property
    def document(self) -> Mapping[str, Any]:
        """Written without blanks, `value` is the record's value byte for byte."""
        headers = {name: text.decode() for name, text in self.record.headers}
        return {"key": self.record.key.decode(), "headers": headers, "value": json.loads(self.record.value)}


def _golden(kind: str) -> tuple[Golden, ...]:
    records = ((sample.case, record) for sample in SAMPLES for record in written(sample.event))
    return tuple(Golden(*one) for one in records if type_of(one[1].headers, one[1].value) == kind)


# By `ce_type`, in the registry's order.
GOLDEN: Mapping[str, tuple[Golden, ...]] = MappingProxyType({kind: _golden(kind) for kind in MODELS})


def schema_path(event_type: str) -> str:
    return f"schemas/{event_type}.json"


def golden_path(event_type: str, case: str) -> str:
    return f"golden/{event_type}/{case}.json"


def schema_files() -> Mapping[str, str]:
    """Each type's schema, by its path."""
    return {schema_path(kind): as_text(schema_of(model)) for kind, model in MODELS.items()}


def golden_files() -> Mapping[str, str]:
    """Each sample by its path, in every version of its type."""
    return {golden_path(kind, one.case): as_text(one.document) for kind, golden in GOLDEN.items() for one in golden}


def as_text(document: object) -> str:
    """JSON as people read it and as it is committed."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
