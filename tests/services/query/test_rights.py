"""Who sees which procedures, by list and one by one."""

import asyncio
from uuid import UUID

import pytest
from infoparquet_contracts.payload import Payload

from tests.contracts import builders
from tests.contracts.builders import BORDEAUX, DELIVERY, OTHER_DELIVERY, PARIS
from tests.services.in_process import InProcess
from tests.services.query.histories import a_submission, said, until_delivery

# Declined by Bordeaux, then routed to Paris, which decides.
DECLINED = (*until_delivery(), builders.declined())
REROUTED = (*DECLINED, builders.routed(PARIS))
HANDED_ON = (*REROUTED, builders.delivered(PARIS, OTHER_DELIVERY))
DECIDED = (*HANDED_ON, builders.registered(PARIS, OTHER_DELIVERY), builders.decided(PARIS, OTHER_DELIVERY))

OWNER, OTHER_ADMINISTRATION = "administration:dreal-33", "administration:dreal-64"
COURT, OTHER_COURT = f"tribunal:{BORDEAUX}", f"tribunal:{PARIS}"
ALWAYS = {OWNER, "operator", "service:notify"}
EVERYBODY = {*ALWAYS, OTHER_ADMINISTRATION, COURT, OTHER_COURT, "tribunal:tj64445"}


async def given(query: InProcess, *facts: Payload) -> UUID:
    events = said(*facts)
    await query.read(*events)
    return events[0].subject


async def who_lists(query: InProcess, procedure: UUID) -> set[str]:
    pages = {who: (await query.get("/v1/procedures", who)).json()["procedures"] for who in EVERYBODY}
    return {who for who, page in pages.items() if [row["id"] for row in page] == [str(procedure)]}


async def who_opens(query: InProcess, procedure: UUID) -> set[str]:
    callers = sorted(EVERYBODY)
    answers = await asyncio.gather(*(query.get(f"/v1/procedures/{procedure}", who) for who in callers))
    return {who for who, answer in zip(callers, answers, strict=True) if answer.status_code == 200}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([a_submission()], ALWAYS),
        ([*until_delivery()[:3]], ALWAYS),
        ([*until_delivery()], {*ALWAYS, COURT}),
        ([*DECLINED], {*ALWAYS, COURT}),
        ([*REROUTED], {*ALWAYS, COURT}),
        ([*HANDED_ON], {*ALWAYS, COURT, OTHER_COURT}),
        ([*until_delivery()[:3], builders.withdrawn()], ALWAYS),
    ],
    ids=["submitted", "routed", "delivered", "declined", "rerouted", "handed on", "withdrawn before the delivery"],
)
async def test_courts_see_what_was_delivered_to_them(
    query: InProcess, facts: list[Payload], expected: set[str]
) -> None:
    procedure = await given(query, *facts)
    assert await who_lists(query, procedure) == expected
    assert await who_opens(query, procedure) == expected


async def test_a_court_that_declined_sees_nothing_of_what_came_after(query: InProcess) -> None:
    procedure = await given(query, *DECIDED)
    path = f"/v1/procedures/{procedure}"
    former, present = (await query.get(path, COURT)).json(), (await query.get(path, OTHER_COURT)).json()
    assert (former["status"], former["tribunal"]) == ("declined", None)
    assert [entry["fact"] for entry in former["timeline"]] == [fact.fact for fact in DECLINED]
    assert "decided" not in former["times"]
    assert (present["status"], present["tribunal"]) == ("decided", PARIS)


@pytest.mark.parametrize(
    ("parameters", "found"),
    [({}, True), ({"status": "declined"}, True), ({"status": "decided"}, False), ({"tribunal": PARIS}, False)],
)
async def test_filters_tell_a_court_that_declined_no_more_than_its_list(
    query: InProcess, parameters: dict[str, str], found: bool
) -> None:
    await given(query, *DECIDED)
    rows = (await query.get("/v1/procedures", COURT, **parameters)).json()["procedures"]
    assert [(row["status"], row["tribunal"]) for row in rows] == ([("declined", None)] if found else [])


async def test_a_court_that_has_it_again_sees_all_of_it(query: InProcess) -> None:
    again = (*HANDED_ON, builders.declined(PARIS, OTHER_DELIVERY), builders.routed(), builders.delivered())
    procedure = await given(query, *again)
    shown = (await query.get(f"/v1/procedures/{procedure}", COURT)).json()
    assert (shown["status"], len(shown["timeline"])) == ("delivered", len(again))
    assert shown["delivery"] == str(DELIVERY)


async def test_anothers_procedure_is_answered_as_one_that_does_not_exist(query: InProcess) -> None:
    procedure = await given(query, *until_delivery())
    there = await query.get(f"/v1/procedures/{procedure}", OTHER_ADMINISTRATION)
    nowhere = await query.get("/v1/procedures/0192f0c1-0000-7000-8000-000000000000", OTHER_ADMINISTRATION)
    assert (there.status_code, there.headers["retry-after"]) == (404, "2")
    assert dict(there.headers) == dict(nowhere.headers)
    assert there.json() | {"instance": ""} == nowhere.json() | {"instance": ""}


async def test_anothers_procedure_is_not_found_by_its_number_either(query: InProcess) -> None:
    await given(query, *until_delivery())
    path = "/v1/procedures/2026-00000042-26"
    assert (await query.get(path, OTHER_ADMINISTRATION)).status_code == 404
    assert (await query.get(path, OWNER)).status_code == 200


async def test_filters_show_an_administration_nothing_of_another(query: InProcess) -> None:
    await given(query, *until_delivery())
    for parameters in ({"administration": "dreal-33"}, {"q": "DREAL33"}, {"tribunal": BORDEAUX}):
        answer = await query.get("/v1/procedures", OTHER_ADMINISTRATION, **parameters)
        assert answer.json()["procedures"] == []


@pytest.mark.parametrize(
    ("organisation", "roles", "status"),
    [
        (OWNER, ["manager"], 200),
        (COURT, ["prosecutor"], 200),
        (OWNER, [], 403),
        (OWNER, ["clerk", "operator"], 403),
        (COURT, ["agent"], 403),
        ("operator", ["agent"], 403),
        ("service:notify", ["operator"], 403),
    ],
)
async def test_a_role_of_ones_own_kind_of_organisation_is_needed(
    query: InProcess, organisation: str, roles: list[str], status: int
) -> None:
    headers = query.issuer.bearer(organisation, roles)
    assert (await query.http.get("/v1/procedures", headers=headers)).status_code == status
