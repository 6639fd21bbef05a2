"""`POST /v1/procedures:check`: the same checks and the court it would go to, by the real routing; nothing stored."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from chassis.service import Running
from reference import default_url
from services.intake.service import build
from services.routing.service import build as build_routing
from services.routing.settings import RoutingSettings
from tests.services.intake.builders import BORDEAUX, a_procedure
from tests.services.intake.conftest import Intake, Settings, listening, running
from tests.services.issuer import Issuer


@pytest.fixture
async def routing_url(issuer: Issuer) -> AsyncIterator[str]:
    """Routing's HTTP side, which needs neither its database nor a broker to say who is competent."""
    settings = RoutingSettings(
        listen="127.0.0.1:1",
        kafka_bootstrap="127.0.0.1:9",
        database_url="postgresql://nobody@127.0.0.1:9/none",
        reference_url=default_url(),
        oidc_issuer=issuer.url,
        intake_url="http://127.0.0.1:9",
    )
    async with listening(Running(build_routing(settings), settings).app) as url:
        yield url


async def checked(intake: Intake, **changes: Any) -> dict[str, Any]:
    answer = await intake.client.post("/v1/procedures:check", json=a_procedure(**changes))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_competent_court_is_told_and_nothing_is_stored(
    routing_url: str, told: Settings, issuer: Issuer
) -> None:
    settings = told(routing_url=routing_url)
    async with running(build(settings), settings, issuer) as intake:
        before = await intake.count("procedures")
        found = await checked(intake)
        assert await intake.count("procedures") == before
    assert (found["errors"], found["warnings"]) == ([], [])
    assert found["competence"]["tribunal"] == BORDEAUX
    assert found["competence"]["explanation"]


async def test_the_place_of_the_facts_comes_before_the_others(routing_url: str, told: Settings, issuer: Issuer) -> None:
    settings = told(routing_url=routing_url)
    places = [{"ground": "residence", "commune": "75056"}, {"ground": "facts", "commune": "33063"}]
    async with running(build(settings), settings, issuer) as intake:
        found = await checked(intake, places=places)
    assert found["competence"]["tribunal"] == BORDEAUX


async def test_without_routing_the_check_still_answers(intake: Intake) -> None:
    found = await checked(intake)
    assert (found["errors"], found["competence"]) == ([], None)
    assert [warning["code"] for warning in found["warnings"]] == ["competence-unavailable"]


async def test_without_the_issuer_the_check_still_answers(routing_url: str, told: Settings, issuer: Issuer) -> None:
    settings = told(routing_url=routing_url, oidc_issuer="http://127.0.0.1:9")
    async with running(build(settings), told(), issuer) as intake:
        found = await checked(intake)
    assert found["competence"] is None


async def test_errors_are_listed_and_no_court_is_asked(intake: Intake) -> None:
    found = await checked(intake, places=[{"ground": "facts", "commune": "Bordaux"}])
    assert [error["pointer"] for error in found["errors"]] == ["/places/0/commune"]
    assert (found["warnings"], found["competence"]) == ([], None)
    found = await checked(intake, kind="letter")
    assert [error["pointer"] for error in found["errors"]] == ["/kind"]


async def test_what_is_not_json_is_a_problem(intake: Intake) -> None:
    answer = await intake.client.post(
        "/v1/procedures:check", content=b"{", headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400
