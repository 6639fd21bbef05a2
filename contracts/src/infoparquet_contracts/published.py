"""What is published of the contracts beside the package, file by file: schemas and golden samples, each as its text."""

import json
from collections.abc import Mapping
from typing import Any

from .envelope import encode
from .registry import MODELS
from .samples import SAMPLES
from .samples.story import Sample
from .schemas import schema_of


def schema_path(event_type: str) -> str:
    return f"schemas/{event_type}.json"


def golden_path(event_type: str, case: str) -> str:
    return f"golden/{event_type}/{case}.json"


def schema_files() -> Mapping[str, str]:
    """Each type's schema, by its path."""
    return {schema_path(kind): as_text(schema_of(model)) for kind, model in MODELS.items()}


def golden_files() -> Mapping[str, str]:
    """Each sample by its path, as it stands on the wire."""
    return {
        golden_path(kind, sample.case): as_text(golden_of(sample))
        for kind, samples in SAMPLES.items()
        for sample in samples
    }


def golden_of(sample: Sample) -> Mapping[str, Any]:
    """The record of a sample; written without blanks, `value` is the record's value byte for byte."""
    record = encode(sample.event)
    headers = {name: text.decode() for name, text in record.headers}
    return {"key": record.key.decode(), "headers": headers, "value": json.loads(record.value)}


def as_text(document: object) -> str:
    """JSON as people read it and as it is committed."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
