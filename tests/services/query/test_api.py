"""What callers are answered: one procedure, the list and its filters, the statuses."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from infoparquet_contracts.codes import Status
from infoparquet_contracts.status import FOLLOWERS

from tests.contracts import builders
from tests.contracts.builders import PARIS, URGENT
from tests.services.in_process import InProcess
from tests.services.query.histories import a_submission, said, until_delivery


async def test_a_procedure_shows_where_it_stands_and_what_was_said(query: InProcess) -> None:
    events = said(*until_delivery(a_submission(urgency=URGENT)))
    await query.read(*events)
    shown = (await query.get(f"/v1/procedures/{events[0].subject}")).json()
    timeline = shown.pop("timeline")
    assert shown == {
        "id": str(events[0].subject),
        "number": "2026-00000042-26",
        "reference": "DREAL33-2026-00042",
        "administration": "dreal-33",
        "service": "risques",
        "kind": "article-40",
        "status": "delivered",
        "status_label": "Remise au tribunal",
        "tribunal": "tj33063",
        "tribunal_name": "Tribunal judiciaire de Bordeaux",
        "urgent": True,
        "urgency": {
            "reason": "limitation",
            "until": "2026-12-20",
            "description": "prescription proche, avant le 20/12/2026",
        },
        "formation": None,
        "submitted_at": "2026-11-23T12:00:00Z",
        "withdrawal_requested": False,
        "overdue": False,
        "delivery": str(builders.DELIVERY),
        "times": {
            "submitted": "2026-11-23T09:00:00.250000Z",
            "numbered": "2026-11-23T09:01:00.250000Z",
            "routed": "2026-11-23T09:02:00.250000Z",
            "delivered": "2026-11-23T09:03:00.250000Z",
        },
        "related": [],
        "more_related": False,
    }
    assert [entry["fact"] for entry in timeline] == ["submitted", "numbered", "routed", "delivered"]
    assert timeline[3] == {
        "id": str(events[3].id),
        "fact": "delivered",
        "time": "2026-11-23T09:03:00.250000Z",
        "source": "/services/routing",
        "data": events[3].data.model_dump(mode="json"),
        "description": "Remise au tribunal judiciaire de Bordeaux",
        "applied": True,
        "why_not": None,
        "why_not_label": None,
        "trace": "a1" * 16,
    }


async def test_a_procedure_is_found_by_its_number_and_by_its_id_in_capitals(query: InProcess) -> None:
    events = said(*until_delivery(number="2600000007H"))
    await query.read(*events)
    for which in ("2600000007H", "2600000007h", str(events[0].subject).upper()):
        assert (await query.get(f"/v1/procedures/{which}")).json()["id"] == str(events[0].subject)


async def test_a_withdrawal_after_the_delivery_is_a_mark(query: InProcess) -> None:
    events = said(*until_delivery(), builders.withdrawn())
    await query.read(*events)
    shown = (await query.get(f"/v1/procedures/{events[0].subject}")).json()
    assert (shown["status"], shown["withdrawal_requested"]) == ("delivered", True)


async def test_what_is_unknown_is_a_problem_in_french_with_a_delay_to_retry(query: InProcess) -> None:
    answer = await query.get("/v1/procedures/2026-00000099-00")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "2"
    assert "Aucune procédure" in answer.json()["detail"]


@pytest.mark.parametrize("which", ["bonjour", "2026_1", "%00"])
async def test_what_can_be_neither_an_id_nor_a_number_is_refused_at_once(query: InProcess, which: str) -> None:
    answer = await query.get(f"/v1/procedures/{which}")
    assert (answer.status_code, answer.headers.get("retry-after")) == (404, None)


async def listed(query: InProcess, organisation: str = "operator", **parameters: str) -> list[str]:
    answer = await query.get("/v1/procedures", organisation, **parameters)
    assert answer.status_code == 200, answer.text
    return [row["reference"] for row in answer.json()["procedures"]]


def at(hour: int, day: int = 10) -> datetime:
    return datetime(2026, 6, day, hour, tzinfo=UTC)


async def three_procedures(query: InProcess) -> list[str]:
    """An urgent one of DREAL at Bordeaux, one of URSSAF at Paris, one that only was submitted; their ids."""
    ids = [UUID(f"0192f0c{number}-0000-7000-8000-000000000000") for number in (1, 2, 3)]
    urgent = a_submission("A-1", at=at(8), urgency=URGENT)
    elsewhere = a_submission("b_2", administration="urssaf-75", at=at(9))
    first = said(*until_delivery(urgent, number="2026-00000001-01"), subject=ids[0])
    second = said(*until_delivery(elsewhere, tribunal=PARIS), subject=ids[1])
    third = said(a_submission("C-3", at=at(23)), subject=ids[2])
    await query.read(*first, *second, *third)
    return [str(procedure) for procedure in ids]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ["C-3", "b_2", "A-1"]),
        ({"q": "", "status": "", "urgent": "", "cursor": ""}, ["C-3", "b_2", "A-1"]),
        ({"status": "delivered"}, ["b_2", "A-1"]),
        ({"urgent": "true"}, ["A-1"]),
        ({"urgent": "false"}, ["C-3", "b_2"]),
        ({"tribunal": PARIS}, ["b_2"]),
        ({"administration": "dreal-33"}, ["C-3", "A-1"]),
        ({"q": "B_"}, ["b_2"]),
        ({"q": "_"}, []),
        ({"q": " a-1 "}, ["A-1"]),
        ({"q": "2026-00000001"}, ["A-1"]),
        ({"q": "%"}, []),
        ({"status": "delivered", "urgent": "false"}, ["b_2"]),
    ],
)
async def test_the_list_is_filtered(query: InProcess, parameters: dict[str, str], expected: list[str]) -> None:
    await three_procedures(query)
    assert await listed(query, **parameters) == expected


async def test_days_are_those_of_paris_and_the_last_one_counts(query: InProcess) -> None:
    await three_procedures(query)
    # Eleven at night in UTC is one in the morning in Paris, in summer.
    assert await listed(query, **{"from": "2026-06-11"}) == ["C-3"]
    assert await listed(query, to="2026-06-10") == ["b_2", "A-1"]
    assert await listed(query, **{"from": "2026-06-10", "to": "2026-06-11"}) == ["C-3", "b_2", "A-1"]


async def test_an_id_is_found_by_its_beginning_in_any_case(query: InProcess) -> None:
    ids = await three_procedures(query)
    assert await listed(query, q=ids[1][:8].upper()) == ["b_2"]
    assert await listed(query, q=ids[1][:7]) == ["C-3", "b_2", "A-1"]
    assert await listed(query, q=ids[1]) == ["b_2"]
    assert await listed(query, q=f"{ids[1][:5]}-{ids[1][5:]}") == []


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ({"status": "lost"}, "/status"),
        ({"urgent": "maybe"}, "/urgent"),
        ({"tribunal": "bordeaux"}, "/tribunal"),
        ({"administration": "DREAL 33"}, "/administration"),
        ({"from": "hier"}, "/from"),
        ({"to": "9999-12-31"}, "/to"),
        ({"limit": "201"}, "/limit"),
        ({"limit": "0"}, "/limit"),
        ({"cursor": "W10"}, "/cursor"),
        ({"cursor": "é"}, "/cursor"),
        ({"cursor": "WyIyMDI2IiwgIjEiXQ"}, "/cursor"),
        ({"page": "2"}, "/page"),
        ({"q": "x" * 65}, "/q"),
        ({"q": "\x00"}, "/q"),
        ({"commune": "Bordeaux"}, "/commune"),
        ({"natinf": "0"}, "/natinf"),
        ({"nataff": "i51"}, "/nataff"),
        ({"kind": "letter"}, "/kind"),
    ],
)
async def test_a_parameter_that_is_wrong_is_named(query: InProcess, parameters: dict[str, str], pointer: str) -> None:
    answer = await query.get("/v1/procedures", **parameters)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_the_statuses_are_the_contracts_table(query: InProcess) -> None:
    answer: dict[str, Any] = (await query.http.get("/v1/statuses")).json()
    table = {row["status"]: set(row["followers"]) for row in answer["statuses"]}
    assert table == {status.value: {one.value for one in FOLLOWERS[status]} for status in Status}
    assert answer["statuses"][0]["label"] == "Déposée"


async def test_without_a_token_nothing_of_a_procedure_is_shown(query: InProcess) -> None:
    for path in ("/v1/procedures", "/v1/procedures/2026-00000042-26"):
        assert (await query.http.get(path)).status_code == 401


async def test_the_api_describes_itself(query: InProcess) -> None:
    paths = (await query.http.get("/openapi.json")).json()["paths"]
    named = {parameter["name"] for parameter in paths["/v1/procedures"]["get"]["parameters"]}
    assert named == {
        "q", "status", "urgent", "tribunal", "administration", "kind", "commune", "natinf", "nataff", "from", "to",
        "cursor", "limit",
    }  # fmt: skip
    assert "/" not in paths
