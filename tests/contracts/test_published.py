"""The schemas and samples that are committed: what the code generates, valid, and events byte for byte."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from infoparquet_contracts.envelope import decode, encode
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.published import golden_files, golden_path, schema_files, schema_path
from infoparquet_contracts.registry import MODELS
from infoparquet_contracts.samples import SAMPLES
from infoparquet_contracts.samples.story import DISCHARGE, Sample
from infoparquet_contracts.status import State, Status, fold
from jsonschema import Draft202012Validator

COMMITTED = Path(__file__).parents[2] / "contracts"
CASES = [pytest.param(one, id=f"{kind}/{one.case}") for kind, samples in SAMPLES.items() for one in samples]


def committed(path: str) -> Any:
    return json.loads((COMMITTED / path).read_bytes())


@pytest.mark.parametrize(("path", "text"), [*schema_files().items(), *golden_files().items()])
def test_what_is_committed_is_what_the_code_generates(path: str, text: str) -> None:
    file = COMMITTED / path
    found = file.read_text(encoding="utf-8") if file.is_file() else None
    assert found == text, f"contracts/{path} is not what the code generates: run `make contracts`, look at what changes"


def test_nothing_else_is_committed_beside_it() -> None:
    generated = {*schema_files(), *golden_files()}
    found = {file.relative_to(COMMITTED).as_posix() for name in ("schemas", "golden") for file in files(name)}
    assert found == generated, "run `make contracts`"


def files(name: str) -> list[Path]:
    return [path for path in (COMMITTED / name).rglob("*") if path.is_file()]


@pytest.mark.parametrize("kind", MODELS)
def test_every_type_has_samples_each_under_a_name_of_its_own(kind: str) -> None:
    cases = [sample.case for sample in SAMPLES[kind]]
    assert cases
    assert len(set(cases)) == len(cases)


@pytest.mark.parametrize("sample", CASES)
def test_a_golden_sample_is_its_event_and_is_written_again_byte_for_byte(sample: Sample) -> None:
    golden = committed(golden_path(sample.event.type, sample.case))
    key = golden["key"].encode()
    value = json.dumps(golden["value"], ensure_ascii=False, separators=(",", ":")).encode()
    headers = tuple((name, text.encode()) for name, text in golden["headers"].items())
    event = decode(key, value, headers)
    assert event == sample.event
    record = encode(event)
    assert (record.key, record.value, record.headers) == (key, value, headers)


@pytest.mark.parametrize("kind", MODELS)
def test_a_schema_is_valid_json_schema_and_named_as_its_samples_say(kind: str) -> None:
    schema = committed(schema_path(kind))
    Draft202012Validator.check_schema(schema)
    named = {committed(golden_path(kind, one.case))["headers"]["ce_dataschema"] for one in SAMPLES[kind]}
    assert named == {schema["$id"]}


@pytest.mark.parametrize("sample", CASES)
def test_a_sample_is_valid_by_its_schema(sample: Sample) -> None:
    golden = committed(golden_path(sample.event.type, sample.case))
    validator = Draft202012Validator(
        committed(schema_path(sample.event.type)), format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    assert [error.message for error in validator.iter_errors(golden["value"])] == []


@pytest.mark.parametrize(("kind", "model"), MODELS.items())
def test_every_field_has_a_value_in_some_sample(kind: str, model: type[Payload]) -> None:
    said = [committed(golden_path(kind, one.case))["value"] for one in SAMPLES[kind]]
    names = {field.alias or name for name, field in model.model_fields.items()}
    assert {name for name in names if all(value[name] is None for value in said)} == set()


def test_no_two_samples_are_the_same_event() -> None:
    ids = [sample.event.id for samples in SAMPLES.values() for sample in samples]
    assert len(set(ids)) == len(ids)


def test_the_facts_of_the_first_procedure_follow_each_other_to_its_end() -> None:
    state: State | None = None
    for event in journal_of_the_first():
        step = fold(state, event)
        assert step.applied, event.type
        state = step.state
    assert state is not None
    assert state.status is Status.CLOSED


def journal_of_the_first() -> list[Any]:
    events = [sample.event for samples in SAMPLES.values() for sample in samples]
    facts = [event for event in events if ".procedure." in event.type and event.subject == DISCHARGE]

    def when(event: Any) -> datetime:
        return event.time

    return sorted(facts, key=when)
