"""Versions side by side: any of them is read as the newest, and each in force is written, under one id."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st
from infoparquet_contracts.codes import Formation
from infoparquet_contracts.earlier import EARLIER, RoutedV1
from infoparquet_contracts.envelope import Event, decode
from infoparquet_contracts.facts import Numbered, Routed
from infoparquet_contracts.overlap import NEWER, superseded, written
from infoparquet_contracts.parts import Candidate, GroundedCandidate
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.record import Record
from infoparquet_contracts.registry import FACTS
from infoparquet_contracts.versions import SAME_AS, STEPS, forms, is_fact, recall, types_of, upcast, version_of

from tests.contracts.builders import an_event, numbered, routed
from tests.contracts.schema_values import values_of

ENVIRONMENT = GroundedCandidate(
    tribunal="tj33063",
    formation=Formation.ENVIRONMENT,
    rule="environment",
    legal_basis="CPP art. 706-2-3",
    informed=True,
)
DECISION = routed().model_copy(update={"candidates": (ENVIRONMENT,)})
(STEP,) = STEPS
OLD, NEW = RoutedV1.event_type, Routed.event_type


def read(record: Record) -> Event[Payload]:
    return decode(record.key, record.value, record.headers)


def headers(record: Record) -> dict[str, str]:
    return {name: value.decode() for name, value in record.headers}


def test_every_earlier_version_has_a_way_up_to_the_newest_and_that_one_has_none() -> None:
    assert {step.older for step in STEPS} == set(EARLIER)
    for step in STEPS:
        assert step.older.fact == step.newer.fact
        assert version_of(step.newer.event_type) == version_of(step.older.event_type) + 1
    assert not set(FACTS) & set(EARLIER)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.older.event_type)
@given(data=st.data())
def test_what_went_up_and_down_again_is_what_it_was(step: Any, data: st.DataObject) -> None:
    older = step.older.model_validate_json(json.dumps(data.draw(values_of(step.older))))
    assert type(upcast(older)) in FACTS
    assert step.down(step.up(older)) == older


def test_a_decision_of_v1_says_no_article_of_its_candidates_and_told_the_specialised_ones() -> None:
    plain = Candidate(tribunal="tj64445", formation=None, rule="cpp-43-residence")
    poles = [
        Candidate(tribunal="pnf", formation=None, rule="a"),
        Candidate(tribunal="tj75056", formation="jirs", rule="b"),
    ]
    old = STEP.down(routed()).model_copy(update={"candidates": (plain, *poles)})
    new = upcast(old)
    assert isinstance(new, Routed)
    assert [(one.tribunal, one.legal_basis, one.informed) for one in new.candidates] == [
        ("tj64445", None, False),
        ("pnf", None, True),
        ("tj75056", None, True),
    ]


def test_while_they_overlap_both_are_written_the_newest_first_under_one_id() -> None:
    event = an_event(DECISION)
    new, old = written(event)
    assert [headers(one)["ce_type"] for one in (new, old)] == [NEW, OLD]
    assert read(new) == event
    assert read(old) == replace(event, data=upcast(STEP.down(DECISION)))
    assert headers(old)["ce_id"] == headers(new)[SAME_AS] == str(event.id)
    assert headers(new)["ce_id"] == str(uuid5(event.id, NEW))
    assert headers(old)[NEWER] == NEW
    assert SAME_AS not in headers(old)
    assert NEWER not in headers(new)


def test_who_knows_the_newer_version_passes_the_older_one_over_and_nobody_else_does() -> None:
    new, old = written(an_event(DECISION))
    assert superseded(old.headers)
    assert not superseded(new.headers)
    later = [
        (name, b"fr.justice.infoparquet.procedure.routed.v3" if name == NEWER else raw) for name, raw in old.headers
    ]
    assert not superseded(later)
    assert not superseded([(NEWER, None), (NEWER, b"\xff")])


def test_when_the_overlap_ends_the_newest_alone_is_written_and_has_the_event_s_id() -> None:
    event = an_event(DECISION)
    last = replace(event, time=STEP.until - timedelta(microseconds=1))
    assert len(written(last)) == 2
    (alone,) = written(replace(event, time=STEP.until))
    assert headers(alone)["ce_id"] == str(event.id)
    assert not {SAME_AS, NEWER} & headers(alone).keys()


def test_a_fact_of_one_version_is_written_once_as_it_always_was() -> None:
    event = an_event(numbered())
    (record,) = written(event)
    assert headers(record)["ce_id"] == str(event.id)
    assert forms(event.data) == (event.data,)


def kept(*payloads: Payload) -> dict[str, Any]:
    return {one.event_type: one.model_dump(mode="json") for one in payloads}


def test_a_table_that_keeps_every_form_gives_back_the_newest() -> None:
    assert recall(kept(*forms(DECISION))) == DECISION
    assert recall(kept(STEP.down(DECISION))) == upcast(STEP.down(DECISION))


def test_a_form_of_a_later_release_is_left_to_it() -> None:
    later = {"fr.justice.infoparquet.procedure.routed.v3": {"nobody": "knows"}}
    assert recall(later | kept(*forms(DECISION))) == DECISION
    assert recall(later) is None


def test_where_the_release_before_wrote_since_its_form_counts() -> None:
    elsewhere = routed("tj75056")
    assert recall(kept(DECISION, STEP.down(elsewhere))) == upcast(STEP.down(elsewhere))


def test_a_handler_of_the_newest_takes_every_version() -> None:
    assert types_of(Routed) == (NEW, OLD)
    assert types_of(Numbered) == (Numbered.event_type,)


@pytest.mark.parametrize(
    ("name", "named"),
    [
        (NEW, True),
        ("fr.justice.infoparquet.procedure.transferred.v1", True),
        ("fr.justice.infoparquet.procedure.supplement-requested.v12", True),
        ("fr.justice.infoparquet.tribunal.delivery.v1", False),
        ("fr.justice.infoparquet.procedure.routed", False),
        ("fr.justice.infoparquet.procedure.routed.v0", False),
        ("fr.justice.infoparquet.procedure.routed.v2 ", False),
        ("fr.example.procedure.routed.v1", False),
    ],
)
def test_a_fact_is_known_by_its_name_s_form(name: str, named: bool) -> None:
    assert is_fact(name) is named
