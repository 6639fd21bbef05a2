"""The samples of the demo: 60 lines such as administrations really send, each saying the end it must come to."""

import datetime as dt
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from infoparquet_contracts.codes import Ground, Kind, Status, UrgencyReason
from infoparquet_contracts.parts import Place
from infoparquet_contracts.registry import REPLIES
from infoparquet_contracts.status import FOLLOWERS

from deploy import local
from reference import default_url, load
from services.routing.competence import Case, Competent, decide
from tests.builders import NOON

SAMPLES = Path(local.__path__[0]) / "samples"
LINES: list[dict[str, Any]] = [json.loads(x) for x in (SAMPLES / "procedures.ndjson").read_text("utf-8").splitlines()]
ADMINISTRATIONS = json.loads((SAMPLES / "administrations.json").read_text("utf-8"))
REFERENCE = load(default_url())
BODIES: list[dict[str, Any]] = [line["procedure"] for line in LINES]
REPLIES_BY_FACT = {model.fact: model for model in REPLIES}


def request_of(line: dict[str, Any]) -> str:
    return json.dumps([line["administration"], line["idempotency_key"], line["procedure"]], sort_keys=True)


DISTINCT = list({request_of(line): line for line in LINES}.values())


def test_there_are_60_lines_of_which_one_is_an_earlier_request_sent_again() -> None:
    assert len(LINES) == 60
    assert len({request_of(line) for line in LINES}) == 59
    assert len({(line["administration"], line["idempotency_key"]) for line in LINES}) == 59
    assert len({(line["administration"], line["procedure"]["reference"]) for line in LINES}) == 59


def test_57_are_delivered_and_2_stay_unroutable() -> None:
    ends = Counter({request_of(line): line["expected"]["status"] for line in LINES}.values())
    assert (ends.pop("unroutable"), ends.total()) == (2, 57)


def test_courts_acknowledge_40_at_least_decide_10_close_5_and_decline_3() -> None:
    said = Counter(step["fact"] for line in DISTINCT for step in line["court"])
    assert said["acknowledged"] >= 40
    assert (said["decided"], said["closed"], said["declined"]) == (10, 5, 3)
    assert said["supplement-requested"] > said["supplemented"] > 0


@pytest.mark.parametrize("line", DISTINCT, ids=lambda line: line["procedure"]["reference"])
def test_the_answers_are_ones_that_courts_may_give_and_end_where_the_sample_says(line: dict[str, Any]) -> None:
    status = Status.DELIVERED if line["expected"]["tribunal"] else Status.UNROUTABLE
    for step in line["court"]:
        if step["fact"] == "supplemented":
            assert status is Status.SUPPLEMENT_REQUESTED
            continue
        said = {name: value for name, value in step.items() if name not in ("fact", "by")}
        REPLIES_BY_FACT[step["fact"]](procedure=uuid4(), delivery=uuid4(), at=NOON, **said)
        assert Status(step["fact"]) in FOLLOWERS[status]
        status = Status.DELIVERED if step["fact"] == "declined" else Status(step["fact"])
    assert line["expected"]["status"] == status


def test_the_unroutable_ones_are_the_two_with_a_place_without_a_commune() -> None:
    without = [line for line in LINES if any(place["commune"] is None for place in line["procedure"]["places"])]
    assert [line["expected"] for line in without] == [{"status": "unroutable", "tribunal": None}] * 2
    assert all(place["text"] for line in without for place in line["procedure"]["places"])


def test_every_eighth_line_is_urgent_and_no_other() -> None:
    urgent = [at for at, body in enumerate(BODIES, start=1) if body["urgency"] is not None]
    assert urgent == [8, 16, 24, 32, 40, 48, 56]
    assert {body["urgency"]["reason"] for body in BODIES if body["urgency"]} == set(UrgencyReason)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line["procedure"]["reference"])
def test_the_expected_court_is_the_one_that_the_rules_give(line: dict[str, Any]) -> None:
    places = tuple(
        Place(ground=Ground(place["ground"]), commune=place["commune"], aerodrome=place.get("aerodrome"))
        for place in line["procedure"]["places"]
    )
    assert all(place.commune is None or place.commune in REFERENCE.communes for place in places)
    decision = decide(Case(places, dt.date(2026, 12, 1)), REFERENCE.law)
    court = decision.chosen.tribunal if isinstance(decision, Competent) else None
    declined = [step for step in line["court"] if step["fact"] == "declined"]
    handed = [step["by"] for step in declined] or [line["expected"]["tribunal"]]
    assert handed[0] == court
    named = [named for step in declined for named in step["competent"]]
    others = [other.tribunal for other in decision.candidates] if isinstance(decision, Competent) else []
    assert not declined or line["expected"]["tribunal"] == (named or others)[0] != court


def test_offences_are_only_those_of_our_lists() -> None:
    assert {code for body in BODIES for code in body["natinf"]} <= set(REFERENCE.natinf)
    assert {code for body in BODIES for code in body["nataff"]} <= set(REFERENCE.nataff)
    assert all(body["facts"]["summary"] for body in BODIES)


def test_at_least_40_courts_receive_something_overseas_and_corsica_among_them() -> None:
    courts = {line["expected"]["tribunal"] for line in LINES} - {None}
    assert len(courts) >= 40
    overseas = {
        "tj97105",
        "tj97120",
        "tj97209",
        "tj97302",
        "tj97411",
        "tj97416",
        "tj97502",
        "tj97611",
        "tj98735",
        "tj98818",
    }
    assert overseas | {"tj2a004", "tj2b033"} <= courts


def test_every_rule_but_those_of_custody_decides_somewhere() -> None:
    grounds = {body["places"][0]["ground"] for body in BODIES}
    assert grounds == {"facts", "seat", "residence"}


def test_the_administrations_are_listed_with_their_names() -> None:
    listed = {administration["code"] for administration in ADMINISTRATIONS}
    assert {line["administration"] for line in LINES} == listed
    assert "dreal-33" in listed
    assert all(re.fullmatch("[a-z][a-z0-9]*(-[a-z0-9]+)*", code) for code in listed)
    assert all(administration["label"] for administration in ADMINISTRATIONS)


def test_every_body_has_the_form_of_the_interface() -> None:
    for body in BODIES:
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 ./_-]{0,63}", body["reference"])
        assert body["kind"] in set(Kind)
        assert body["documents"] == []
        assert dt.date.fromisoformat(body["facts"]["from"]) <= dt.date.fromisoformat(body["facts"]["to"])
        # Addresses that no mail reaches: the samples' people are invented.
        assert body["author"]["email"].endswith(".example")


def test_what_is_urgent_is_so_until_a_day_of_the_end_of_2026() -> None:
    days = [dt.date.fromisoformat(body["urgency"]["until"]) for body in BODIES if body["urgency"]]
    assert all(dt.date(2026, 11, 30) <= day <= dt.date(2026, 12, 31) for day in days)
