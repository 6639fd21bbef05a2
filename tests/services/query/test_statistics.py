"""Figures: what each counts, for whom, and that they are what the timelines say."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from infoparquet_contracts.codes import UrgencyReason
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.parts import Urgency
from infoparquet_contracts.payload import Payload

from tests.builders import NOON
from tests.contracts import builders
from tests.contracts.builders import BORDEAUX, DELIVERY, OTHER_DELIVERY, PARIS
from tests.services.in_process import InProcess
from tests.services.query.histories import a_submission, said, until_delivery

COURT, OTHER_COURT = f"tribunal:{BORDEAUX}", f"tribunal:{PARIS}"
DECLINED = (*until_delivery(), builders.declined())
HANDED_ON = (*DECLINED, builders.routed(PARIS), builders.delivered(PARIS, OTHER_DELIVERY))
BEFORE = {"from": "2026-11-01", "to": "2026-11-30"}


def timed(facts: Sequence[Payload], *after: timedelta) -> list[Event[Payload]]:
    """Facts of a procedure that was submitted at noon, each so long after that."""
    return [replace(event, time=NOON + late) for event, late in zip(said(*facts), after, strict=True)]


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


async def groups(query: InProcess, organisation: str = "operator", **asked: str) -> dict[str | None, Any]:
    answer = await query.get("/v1/statistics", organisation, **(BEFORE | asked))
    assert answer.status_code == 200, answer.text
    return {one["group"]: one for one in answer.json()["groups"]}


async def all_of(query: InProcess, organisation: str = "operator", **asked: str) -> Any:
    return (await groups(query, organisation, **asked))[None]


async def test_nothing_is_counted_of_nothing(query: InProcess) -> None:
    one = await all_of(query)
    assert (one["label"], one["procedures"], one["waiting"]["count"]) == ("Ensemble", 0, 0)
    assert one["delays"]["decided"] == {"count": 0, "median": None, "p90": None}
    assert one["indicators"]["numbered_within_1_s"] == {"count": 0, "of": 0, "share": None}
    assert await groups(query, by="tribunal") == {}


async def test_delays_run_from_the_submission(query: InProcess) -> None:
    road = (*until_delivery(), builders.acknowledged(), builders.registered(), builders.decided())
    for seconds in (1, 2, 3, 4, 10):
        await query.read(*timed(road, s(0), s(seconds / 10), s(1), s(seconds), s(60), s(90), s(seconds * 100)))
    delays = (await all_of(query))["delays"]
    assert delays == {
        "numbered": {"count": 5, "median": 0.3, "p90": 1.0},
        "delivered": {"count": 5, "median": 3.0, "p90": 10.0},
        "acknowledged": {"count": 5, "median": 60.0, "p90": 60.0},
        "decided": {"count": 5, "median": 300.0, "p90": 1000.0},
    }


async def test_a_court_that_registers_or_asks_for_more_has_taken_it_in_hand(query: InProcess) -> None:
    await query.read(*timed((*until_delivery(), builders.registered()), s(0), s(1), s(2), s(3), s(10)))
    again = (*until_delivery(), builders.supplement_requested(), builders.acknowledged())
    await query.read(*timed(again, s(0), s(1), s(2), s(3), s(20), s(900)))
    assert (await all_of(query))["delays"]["acknowledged"] == {"count": 2, "median": 10.0, "p90": 20.0}


async def test_what_was_declined_is_delivered_when_the_next_court_has_it(query: InProcess) -> None:
    acknowledged = (*until_delivery(), builders.acknowledged(), builders.declined())
    events = timed(acknowledged, s(0), s(1), s(2), s(3), s(4), s(50))
    await query.read(*events)
    one = await all_of(query)
    assert (one["declined"], one["delays"]["delivered"]["count"], one["delays"]["acknowledged"]["count"]) == (1, 0, 0)
    onward = said(builders.routed(PARIS), builders.delivered(PARIS, OTHER_DELIVERY), subject=events[0].subject)
    await query.read(*(replace(event, time=NOON + s(300)) for event in onward))
    one = await all_of(query)
    assert one["delays"]["delivered"] == {"count": 1, "median": 300.0, "p90": 300.0}
    assert (one["declined"], one["delays"]["acknowledged"]["count"]) == (1, 0)
    assert one["indicators"]["delivered_within_1_min"] == {"count": 0, "of": 1, "share": 0.0}


async def test_a_clock_that_is_behind_makes_no_negative_delay(query: InProcess) -> None:
    await query.read(*timed(until_delivery(), s(0), s(-3), s(-2), s(1)))
    assert (await all_of(query))["delays"]["numbered"]["median"] == 0.0


async def test_an_indicator_rests_on_those_whose_time_is_over(query: InProcess) -> None:
    early = [
        replace(event, time=NOON - s(60) + s(number * 2))
        for number, event in enumerate(said(*until_delivery(a_submission(at=NOON - s(60)))[:2]))
    ]
    await query.read(*early)
    await query.read(*timed([a_submission(at=NOON - s(0.5))], s(0)))
    await query.read(*timed([a_submission(at=NOON - s(5))], s(0)))
    withdrawn = [a_submission(at=NOON - s(50)), builders.withdrawn()]
    await query.read(*timed(withdrawn, s(0), s(1)))
    indicators = (await all_of(query))["indicators"]
    assert indicators["numbered_within_1_s"] == {"count": 0, "of": 2, "share": 0.0}
    assert indicators["numbered_within_10_s"] == {"count": 1, "of": 1, "share": 1.0}


def urgent_until(day: date | None) -> Urgency:
    return Urgency(reason=UrgencyReason.LIMITATION, until=day)


@pytest.mark.parametrize(
    ("until", "acknowledged", "expected"),
    [
        (date(2026, 11, 24), s(60), "on_time"),
        # Midnight in Paris ends the 22nd at 23:00 UTC.
        (date(2026, 11, 22), s(0) - timedelta(hours=13, seconds=1), "on_time"),
        (date(2026, 11, 22), s(0) - timedelta(hours=12, seconds=59), "late"),
        (date(2026, 11, 22), None, "late"),
        (date(2026, 11, 23), None, "pending"),
        (None, s(60), None),
    ],
)
async def test_urgent_ones_are_on_time_until_the_end_of_their_day_in_paris(
    query: InProcess, until: date | None, acknowledged: timedelta | None, expected: str | None
) -> None:
    at = datetime(2026, 11, 20, 8, tzinfo=UTC)
    facts = [*until_delivery(a_submission(at=at, urgency=urgent_until(until))), builders.acknowledged()]
    events = said(*facts) if acknowledged is not None else said(*facts[:-1])
    taken = NOON + (acknowledged or s(0))
    await query.read(*(replace(e, time=taken if e.data.fact == "acknowledged" else at) for e in events))
    one = await all_of(query)
    assert one["urgent"] == 1
    assert one["urgency"] == {name: int(name == expected) for name in ("on_time", "late", "pending")}


async def test_what_waits_is_told_whenever_it_was_submitted(query: InProcess) -> None:
    old = NOON - timedelta(days=400)
    await query.read(*(replace(event, time=old) for event in said(*until_delivery(a_submission(at=old)))))
    await query.read(*timed(until_delivery()[:3], s(-30), s(-20), s(-10)))
    await query.read(*timed((*until_delivery()[:1], builders.withdrawn()), s(0), s(1)))
    one = await all_of(query)
    assert one["procedures"] == 2
    waiting = one["waiting"]
    assert (waiting["count"], waiting["oldest"]) == (2, "2025-10-19T12:00:00Z")
    assert set(waiting["statuses"]) == {"delivered", "routed"}
    assert waiting["statuses"]["routed"] == {"count": 1, "oldest": "2026-11-23T11:59:50Z", "median": 10.0}
    assert waiting["without_news_for_30_d"] == {"count": 1, "of": 2, "share": 0.5}


async def test_withdrawals_and_what_no_rule_decided_are_counted(query: InProcess) -> None:
    await query.read(*said(a_submission(), builders.withdrawn()))
    await query.read(*said(*until_delivery(), builders.withdrawn()))
    await query.read(*said(a_submission(), builders.unroutable(), builders.routed()))
    one = await all_of(query)
    counted = ("procedures", "withdrawn", "withdrawal_requested", "unroutable", "declined")
    assert [one[name] for name in counted] == [3, 1, 1, 1, 0]


async def test_groups_have_their_names(query: InProcess) -> None:
    await query.read(*said(*until_delivery(a_submission(administration="dgccrf-75"))))
    several = a_submission().model_copy(update={"nataff": ("I51", "I52", "J1")})
    await query.read(*said(*until_delivery(several, tribunal=PARIS)))
    await query.read(*said(a_submission().model_copy(update={"nataff": ()})))

    async def named(by: str) -> dict[str | None, tuple[str, int]]:
        return {group: (one["label"], one["procedures"]) for group, one in (await groups(query, by=by)).items()}

    assert await named("tribunal") == {
        BORDEAUX: ("Tribunal judiciaire de Bordeaux", 1),
        PARIS: ("Tribunal judiciaire de Paris", 1),
        None: ("Sans tribunal saisi", 1),
    }
    assert await named("administration") == {"dgccrf-75": ("dgccrf-75", 1), "dreal-33": ("dreal-33", 2)}
    assert await named("family") == {
        "I": ("Circulation et transports", 2),
        "J": ("J", 1),
        None: ("Sans code NATAFF", 1),
    }
    answer = (await query.get("/v1/statistics", by="family", **BEFORE)).json()
    assert (answer["overlapping"], answer["at"]) == (True, "2026-11-23T12:00:00Z")


async def test_days_and_months_are_those_of_paris(query: InProcess) -> None:
    late = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)
    await query.read(*said(a_submission(at=late)))
    assert list(await groups(query, by="month")) == ["2026-11"]
    outside = (await groups(query, by="month", **{"from": "2026-10-01", "to": "2026-10-31"}))["2026-11"]
    assert (outside["procedures"], outside["waiting"]["count"]) == (0, 1)


async def test_a_procedure_counts_in_the_month_of_its_day_also_when_the_clocks_have_changed(query: InProcess) -> None:
    for at in ("2026-02-28T22:59:59", "2026-02-28T23:00:00", "2026-03-31T21:59:59", "2026-03-31T22:00:00"):
        await query.read(*said(a_submission(at=datetime.fromisoformat(f"{at}+00:00"))))
    asked = {"from": "2026-02-10", "to": "2026-04-10"}
    found = {month: one["procedures"] for month, one in (await groups(query, by="month", **asked)).items()}
    assert found == {"2026-02": 1, "2026-03": 2, "2026-04": 1}


async def test_a_year_until_today_is_meant_where_no_day_is_said(query: InProcess) -> None:
    answer = (await query.get("/v1/statistics")).json()
    assert (answer["from"], answer["to"]) == ("2025-11-24", "2026-11-23")
    answer = (await query.get("/v1/statistics", **{"from": "2027-01-01"})).json()
    assert (answer["from"], answer["to"]) == ("2027-01-01", "2027-01-01")
    wrong = await query.get("/v1/statistics", **{"from": "2026-11-02", "to": "2026-11-01"})
    assert (wrong.status_code, wrong.json()["errors"][0]["detail"]) == (400, "Le premier jour est après le dernier.")
    assert (await query.get("/v1/statistics", by="person")).status_code == 400


@pytest.mark.parametrize(
    ("organisation", "by", "expected"),
    [
        ("operator", "tribunal", {PARIS: 1, BORDEAUX: 1}),
        ("administration:dreal-33", "tribunal", {PARIS: 1}),
        ("administration:dreal-33", "administration", {"dreal-33": 1}),
        ("administration:dreal-64", "none", {None: 0}),
        (OTHER_COURT, "tribunal", {PARIS: 1}),
        # What it declined is told apart from what it has, and not to whom it went.
        (COURT, "tribunal", {BORDEAUX: 1, None: 1}),
        ("tribunal:tj64445", "none", {None: 0}),
    ],
)
async def test_each_has_the_figures_of_what_it_may_see(
    query: InProcess, organisation: str, by: str, expected: dict[str | None, int]
) -> None:
    await query.read(*said(*HANDED_ON))
    await query.read(*said(*until_delivery(a_submission(administration="dgccrf-75"))))
    found = await groups(query, organisation, by=by)
    assert {group: one["procedures"] for group, one in found.items()} == expected


async def test_a_court_that_declined_is_told_nothing_of_what_came_after(query: InProcess) -> None:
    decided = (
        *HANDED_ON, builders.registered(PARIS, OTHER_DELIVERY), builders.withdrawn(),
        builders.decided(PARIS, OTHER_DELIVERY),
    )  # fmt: skip
    await query.read(*said(*decided))
    one = await all_of(query, COURT)
    assert (one["procedures"], one["declined"], one["withdrawal_requested"], one["waiting"]["count"]) == (1, 1, 0, 0)
    assert {name: delay["count"] for name, delay in one["delays"].items()} == dict.fromkeys(one["delays"], 0)
    assert {share["of"] for share in one["indicators"].values()} == {0}
    assert (await all_of(query, OTHER_COURT))["delays"]["decided"]["count"] == 1


async def test_roles_are_those_of_the_list(query: InProcess) -> None:
    for roles, status in ((["manager"], 200), (["agent"], 200), (["clerk"], 403), ([], 403)):
        headers = query.issuer.bearer("administration:dreal-33", roles)
        assert (await query.http.get("/v1/statistics", headers=headers)).status_code == status


async def test_figures_are_a_table_for_a_spreadsheet(query: InProcess) -> None:
    await query.read(*said(*until_delivery()))
    headers = query.issuer.bearer("operator") | {"Accept": "text/csv"}
    answer = await query.http.get("/v1/statistics", params={**BEFORE, "by": "tribunal"}, headers=headers)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="chiffres-2026-11-01-2026-11-30.csv"'
    (line,) = csv.DictReader(io.StringIO(answer.text))
    shown = (await groups(query, by="tribunal"))[BORDEAUX]
    assert line["label"] == "Tribunal judiciaire de Bordeaux"
    assert float(line["delays.delivered.median"]) == shown["delays"]["delivered"]["median"]
    assert (line["waiting.statuses.delivered.count"], line["waiting.statuses.routed.count"]) == ("1", "")
    excel = await query.http.get("/v1/statistics", params={**BEFORE, "dialect": "excel"}, headers=headers)
    assert excel.content.startswith("\ufeffgroup;label;procedures".encode())


async def test_json_is_the_answer_unless_csv_is_wanted(query: InProcess) -> None:
    for accept in ("*/*", "application/json, text/csv", "text/html"):
        headers = query.issuer.bearer("operator") | {"Accept": accept}
        answer = await query.http.get("/v1/statistics", headers=headers)
        assert answer.headers["content-type"] == "application/json"


async def test_what_is_forgotten_is_counted_no_more(query: InProcess) -> None:
    events = said(*until_delivery(), builders.acknowledged(BORDEAUX, DELIVERY))
    await query.read(*events)
    forgotten = await query.http.post(
        "/v1/reconciliation/forget",
        json={"procedures": [str(events[0].subject)]},
        headers=query.issuer.bearer("operator"),
    )
    assert forgotten.status_code == 200, forgotten.text
    assert (await all_of(query))["procedures"] == 0
