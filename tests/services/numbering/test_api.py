"""`GET /v1/numbers/{number}`: whose it is, and who may know."""

from typing import Any

import pytest
from infoparquet_contracts.envelope import Event

from tests.builders import NOON, a_submission, an_event
from tests.services.in_process import InProcess

OWNER = "administration:dreal-33"


@pytest.fixture
async def numbered(numbering: InProcess) -> Event[Any]:
    """A procedure of the DREAL's with its number."""
    (said,) = await numbering.read(an_event(a_submission()))
    return said


@pytest.mark.parametrize("organisation", [OWNER, "operator", "service:query"])
async def test_a_number_leads_to_its_procedure(numbering: InProcess, numbered: Event[Any], organisation: str) -> None:
    answer = await numbering.get(f"/v1/numbers/{numbered.data.number}", organisation)
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "number": numbered.data.number,
            "procedure": str(numbered.subject),
            "authority": "local",
            "allocated_at": NOON.isoformat().replace("+00:00", "Z"),
        },
    )


async def test_a_mistyped_number_is_a_400_that_says_so(numbering: InProcess, numbered: Event[Any]) -> None:
    number = numbered.data.number
    for mistyped in (number[:-1] + str((int(number[-1]) + 1) % 10), number.replace("2026", "2062")):
        answer = await numbering.get(f"/v1/numbers/{mistyped}", OWNER)
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"].endswith("/mistyped-number")
        assert "clé de contrôle" in answer.json()["detail"]


@pytest.mark.parametrize("unknown", ["2026-00000042-26", "2600000001H", "x", "9" * 32, "9" * 300, "%00", "é", "%FF"])
async def test_an_unknown_number_is_a_404(numbering: InProcess, numbered: Event[Any], unknown: str) -> None:
    answer = await numbering.get(f"/v1/numbers/{unknown}", OWNER)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (404, "unknown-number")


async def test_the_number_of_another_administration_is_as_unknown_as_one_that_was_never_given(
    numbering: InProcess, numbered: Event[Any]
) -> None:
    another_s = await numbering.get(f"/v1/numbers/{numbered.data.number}", "administration:urssaf-idf")
    never_given = await numbering.get("/v1/numbers/2026-00000042-26", "administration:urssaf-idf")
    assert another_s.status_code == never_given.status_code == 404
    assert without_path(another_s.json()) == without_path(never_given.json())


async def test_tribunals_have_no_access(numbering: InProcess, numbered: Event[Any]) -> None:
    for number in (numbered.data.number, "2026-00000042-26", "x"):
        answer = await numbering.get(f"/v1/numbers/{number}", "tribunal:tj33063")
        assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (403, "wrong-organisation")


async def test_nobody_is_answered_without_a_token(numbering: InProcess, numbered: Event[Any]) -> None:
    answer = await numbering.http.get(f"/v1/numbers/{numbered.data.number}")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def without_path(problem: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in problem.items() if name != "instance"}
