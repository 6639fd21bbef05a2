"""The schemas and samples that are committed: what the code generates, valid, and events byte for byte."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from infoparquet_contracts.codes import Status
from infoparquet_contracts.envelope import decode
from infoparquet_contracts.overlap import written
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.published import GOLDEN, Golden, golden_files, golden_path, schema_files, schema_path
from infoparquet_contracts.record import Record
from infoparquet_contracts.registry import MODELS
from infoparquet_contracts.samples import SAMPLES
from infoparquet_contracts.samples.story import DISCHARGE, Sample
from infoparquet_contracts.schemas import Misdeclared, schema_of
from infoparquet_contracts.status import State, fold
from jsonschema import Draft202012Validator
from pydantic import ConfigDict, Field, create_model

COMMITTED = Path(__file__).parents[2] / "contracts"
CASES = [pytest.param(kind, one, id=f"{kind}/{one.case}") for kind, golden in GOLDEN.items() for one in golden]


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


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"renamed": (int, Field(serialization_alias="number"))}, "/renamed, .*number|number, .*renamed"),
        ({"never": (int, Field(exclude=True))}, "/never"),
        ({"__config__": ConfigDict(extra="allow")}, "extra must be 'forbid'"),
    ],
    ids=["renamed", "left out", "more"],
)
def test_a_model_that_writes_what_its_schema_does_not_say_has_none(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(Misdeclared, match=told):
        schema_of(a_model(**wrong))


def a_model(*, __config__: ConfigDict | None = None, **fields: Any) -> type[Payload]:
    base: type[Payload] = type("Base", (Payload,), {"model_config": __config__ or ConfigDict()})
    base.event_type = "fr.justice.infoparquet.procedure.wrong.v1"
    return create_model("Wrong", __base__=base, **fields)


@pytest.mark.parametrize("kind", MODELS)
def test_every_type_has_samples_each_under_a_name_of_its_own(kind: str) -> None:
    cases = [sample.case for sample in GOLDEN[kind]]
    assert cases
    assert len(set(cases)) == len(cases)


@pytest.mark.parametrize(("kind", "golden"), CASES)
def test_a_golden_sample_is_read_and_written_again_byte_for_byte(kind: str, golden: Golden) -> None:
    record = record_of(committed(golden_path(kind, golden.case)))
    assert record == golden.record
    assert record in written(decode(record.key, record.value, record.headers))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda one: f"{one.event.type}/{one.case}")
def test_a_golden_sample_of_the_newest_version_is_its_event(sample: Sample) -> None:
    record = record_of(committed(golden_path(sample.event.type, sample.case)))
    assert decode(record.key, record.value, record.headers) == sample.event


def record_of(golden: Any) -> Record:
    value = json.dumps(golden["value"], ensure_ascii=False, separators=(",", ":")).encode()
    return Record(
        golden["key"].encode(), value, tuple((name, text.encode()) for name, text in golden["headers"].items())
    )


@pytest.mark.parametrize("kind", MODELS)
def test_a_schema_is_valid_json_schema_and_named_as_its_samples_say(kind: str) -> None:
    schema = committed(schema_path(kind))
    Draft202012Validator.check_schema(schema)
    named = {committed(golden_path(kind, one.case))["headers"]["ce_dataschema"] for one in GOLDEN[kind]}
    assert named == {schema["$id"]}


@pytest.mark.parametrize(("kind", "golden"), CASES)
def test_a_sample_is_valid_by_its_schema(kind: str, golden: Golden) -> None:
    value = committed(golden_path(kind, golden.case))["value"]
    validator = Draft202012Validator(committed(schema_path(kind)), format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert [error.message for error in validator.iter_errors(value)] == []


@pytest.mark.parametrize(("kind", "model"), MODELS.items())
def test_every_field_has_a_value_in_some_sample(kind: str, model: type[Payload]) -> None:
    said = [committed(golden_path(kind, one.case))["value"] for one in GOLDEN[kind]]
    names = {field.alias or name for name, field in model.model_fields.items()}
    assert {name for name in names if all(value[name] is None for value in said)} == set()


def test_no_two_samples_are_the_same_event() -> None:
    ids = [dict(one.record.headers)["ce_id"] for golden in GOLDEN.values() for one in golden]
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
    events = [sample.event for sample in SAMPLES]
    facts = [event for event in events if ".procedure." in event.type and event.subject == DISCHARGE]

    def when(event: Any) -> datetime:
        return event.time

    return sorted(facts, key=when)
