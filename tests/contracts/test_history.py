"""What every release wrote is read by today's code, and adds up to what it added up to then."""

import json
from uuid import UUID

import pytest
from infoparquet_contracts.envelope import type_of
from infoparquet_contracts.overlap import written
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.topics import JOURNAL

from cli.contracts_history import (
    FILE,
    Archived,
    Rewritten,
    Stood,
    digest_of,
    folded,
    grown,
    one_of_each_road,
    read,
    stands_as,
)
from tests.contracts.builders import PROCEDURE, an_event, numbered, routed, submitted, withdrawn
from tests.processes import ROOT

TEXT = (ROOT / FILE).read_text()
ARCHIVE = read(TEXT)
SCHEMAS: dict[str, dict[str, object]] = {"fr.justice.infoparquet.procedure.numbered.v1": {"type": "object"}}


@pytest.mark.parametrize("stood", ARCHIVE.stood, ids=lambda stood: f"{stood.release} {stood.state['status']}")
def test_the_facts_of_a_release_add_up_to_what_they_did(stood: Stood) -> None:
    assert stands_as(folded(stood.records), stood.state)


def test_every_record_of_every_release_is_read() -> None:
    for one in ARCHIVE.records:
        event = one.event()
        assert one.record.key.decode() == str(event.subject)


def test_every_version_that_was_released_is_in_the_archive() -> None:
    archived = {type_of(one.record.headers, one.record.value) for one in ARCHIVE.records}
    released = {file.stem for file in (ROOT / "contracts/released").glob("*/*.json")}
    assert released <= archived


def test_another_state_is_noticed() -> None:
    stood = ARCHIVE.stood[0]
    assert not stands_as(folded(stood.records), {**stood.state, "number": "2026-00000001-00"})
    assert not stands_as(folded(stood.records[:1]), stood.state)
    assert not stands_as(None, stood.state)


def a_history(tribunal: str, *more: Payload, procedure: UUID = PROCEDURE) -> list[Archived]:
    facts = [submitted(), numbered(), routed(tribunal), *more]
    events = [an_event(fact, minute, subject=procedure) for minute, fact in enumerate(facts)]
    return [Archived(JOURNAL.name, record) for event in events for record in written(event)]


def test_a_release_adds_to_the_archive_and_touches_nothing_of_it() -> None:
    first = grown("", "1.0.0", a_history("tj33063"), SCHEMAS)
    both = grown(first, "1.1.0", a_history("tj75056"), SCHEMAS)
    assert both.startswith(first)
    archive = read(both)
    assert archive.releases == dict.fromkeys(("1.0.0", "1.1.0"), digest_of(SCHEMAS))
    assert [(one.release, one.state["tribunal"]) for one in archive.stood] == [
        ("1.0.0", "tj33063"),
        ("1.1.0", "tj75056"),
    ]
    assert all(stands_as(folded(one.records), one.state) for one in archive.stood)


@pytest.mark.parametrize("line", range(len(a_history("tj33063")) + 1))
def test_a_line_that_was_rewritten_breaks_the_seal_of_its_release(line: int) -> None:
    lines = grown("", "1.0.0", a_history("tj33063"), SCHEMAS).splitlines(keepends=True)
    lines[line] = lines[line].replace("routed", "unrouted").replace("submitted", "resubmitted").replace("2026", "2027")
    with pytest.raises(Rewritten, match=r"1\.0\.0"):
        read("".join(lines))


def test_what_no_release_has_sealed_is_not_taken_for_archived() -> None:
    whole = grown("", "1.0.0", a_history("tj33063"), SCHEMAS)
    with pytest.raises(Rewritten):
        read("".join(whole.splitlines(keepends=True)[:-1]))
    with pytest.raises(Rewritten):
        grown(whole + json.dumps({"topic": "x", "key": "y", "headers": {}, "value": ""}) + "\n", "1.1.0", [], SCHEMAS)


@pytest.mark.parametrize("line", ["garbage", "{}", "[]", "3", '{"topic": "x", "headers": 3}', '{"release": "1.1.0"}'])
def test_a_line_that_is_none_of_the_archive_s_is_named(line: str) -> None:
    whole = grown("", "1.0.0", a_history("tj33063"), SCHEMAS)
    with pytest.raises(Rewritten) as refused:
        read(f"{whole}{line}\n")
    assert refused.value.line == len(whole.splitlines()) + 1


def test_one_procedure_of_each_road_is_enough() -> None:
    first, alike, longer = (UUID(int=number) for number in (1, 2, 3))
    records = [
        *a_history("tj33063", procedure=first),
        *a_history("tj75056", procedure=alike),
        *a_history("tj33063", withdrawn(), procedure=longer),
    ]
    assert {one.event().subject for one in one_of_each_road(records)} == {first, longer}
