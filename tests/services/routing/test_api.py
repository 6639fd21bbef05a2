"""Routing over HTTP: the competent court as the command says it, the courts and their topics, the operators' queue."""

import json
from datetime import timedelta
from typing import Any

import pytest
import typer
from infoparquet_contracts.codes import UrgencyReason
from infoparquet_contracts.parts import Urgency
from typer.testing import CliRunner

from cli.competence import competence
from reference.courts import NATIONAL_PROSECUTORS
from tests.builders import NOON, a_submission, an_event
from tests.services.in_process import InProcess
from tests.services.routing.facts import submitted

AGENT = "administration:dreal-33"
COMMAND = typer.Typer()
COMMAND.command()(competence)


async def test_the_competent_court_is_answered_with_its_reason(routing: InProcess) -> None:
    answer = (await routing.get("/v1/competence", AGENT, commune="33063", natinf="22587")).json()
    assert (answer.pop("explanation")).startswith(
        "Le procureur de la République près le tribunal judiciaire de Bordeaux"
    )
    assert answer == {
        "tribunal": "tj33063",
        "formation": None,
        "rule": "cpp-43-facts",
        "legal_basis": "CPP art. 43",
        "matched": {
            "places": [{"ground": "facts", "commune": "33063", "aerodrome": None}],
            "natinf": [],
            "nataff": [],
        },
        "to_confirm": False,
        "candidates": [],
        "rule_set": "2026-11-24",
    }


async def test_the_other_courts_possible_are_candidates_with_their_rule(routing: InProcess) -> None:
    answer = (await routing.get("/v1/competence", AGENT, commune=["33063", "75056"])).json()
    (candidate,) = answer["candidates"]
    assert candidate.pop("why") == "les faits signalés ont eu lieu dans la commune de Paris"
    assert candidate == {
        "tribunal": "tj75056",
        "formation": None,
        "rule": "cpp-43-facts",
        "legal_basis": "CPP art. 43",
        "informed": False,
        "to_confirm": False,
    }


@pytest.mark.parametrize(
    ("parameters", "reason"), [({}, "no-place-of-facts"), ({"commune": ""}, "place-without-commune")]
)
async def test_what_no_rule_decides_has_no_tribunal_and_a_reason(
    routing: InProcess, parameters: dict[str, str], reason: str
) -> None:
    answer = (await routing.get("/v1/competence", AGENT, **parameters)).json()
    assert (answer["tribunal"], answer["reason"], answer["candidates"]) == (None, reason, [])
    assert answer["explanation"].startswith("Aucun tribunal ne peut être désigné")


async def test_a_ground_says_what_ties_each_commune_to_the_procedure(routing: InProcess) -> None:
    grounds = {"commune": ["75056", "33063"], "ground": ["residence", "facts"]}
    answer = (await routing.get("/v1/competence", AGENT, **grounds)).json()
    assert (answer["tribunal"], answer["rule"]) == ("tj33063", "cpp-43-facts")
    assert [(one["tribunal"], one["rule"]) for one in answer["candidates"]] == [("tj75056", "cpp-43-residence")]
    alone = (await routing.get("/v1/competence", AGENT, commune="75056", ground="seat")).json()
    assert (alone["tribunal"], alone["legal_basis"]) == ("tj75056", "CPP art. 706-42")


async def test_the_side_of_an_aerodrome_is_told_with_the_commune(routing: InProcess) -> None:
    asked = (await routing.get("/v1/competence", AGENT, commune="95527")).json()
    assert (asked["tribunal"], asked["reason"]) == (None, "precincts-unknown")
    inside = (await routing.get("/v1/competence", AGENT, commune="95527", aerodrome="inside")).json()
    outside = (await routing.get("/v1/competence", AGENT, commune="95527", aerodrome="outside")).json()
    assert (inside["tribunal"], outside["tribunal"]) == ("tj93008", "tj95500")


@pytest.mark.parametrize("commune", ["33063", "2A004", "97502", "98901", "95527"])
async def test_the_api_and_the_command_give_the_same_answer(routing: InProcess, commune: str) -> None:
    answer = await routing.get("/v1/competence", AGENT, commune=commune, on="2026-12-01", nataff=["I5", "J5"])
    said = CliRunner().invoke(
        COMMAND, ["--commune", commune, "--on", "2026-12-01", "--nataff", "I5", "--nataff", "J5", "--json"]
    )
    assert said.exit_code == 0, said.output
    assert answer.json() == json.loads(said.stdout)


@pytest.mark.parametrize(
    ("parameters", "pointer", "suggestion"),
    [
        ({"commune": ["33063", "33603"]}, "/commune/1", "33063"),
        ({"commune": "Bordaux"}, "/commune/0", "33063"),
        ({"commune": "33063", "natinf": ["7", "12x"]}, "/natinf/1", None),
        ({"commune": "33063", "nataff": "j2"}, "/nataff/0", None),
        ({"commune": "33063", "ground": "elsewhere"}, "/ground/0", None),
        ({"commune": ["33063", "75056"], "ground": "facts"}, "/ground", None),
        ({"commune": "33063", "on": "demain"}, "/on", None),
    ],
)
async def test_what_is_wrong_is_named_and_the_nearest_are_proposed(
    routing: InProcess, parameters: dict[str, Any], pointer: str, suggestion: str | None
) -> None:
    answer = await routing.get("/v1/competence", AGENT, **parameters)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    (error,) = answer.json()["errors"]
    assert error["pointer"] == pointer
    assert suggestion in error.get("suggestions", [None])


async def test_every_court_is_listed_with_its_topics(routing: InProcess) -> None:
    courts = (await routing.get("/v1/tribunals", AGENT)).json()["tribunals"]
    assert len(courts) == len({court["code"] for court in courts}) == 168 + len(NATIONAL_PROSECUTORS)
    for court in courts:
        assert court["name"]
        assert court["topic"] == f"infoparquet.tribunal.{court['code']}.v1"
        assert court["replies_topic"] == f"infoparquet.tribunal.{court['code']}.replies.v1"
        assert (court["code_tj"] is None) == (court["code"] in NATIONAL_PROSECUTORS)


async def test_the_topics_of_the_courts_listed_are_those_that_migrate_creates(routing: InProcess) -> None:
    courts = (await routing.get("/v1/tribunals", AGENT)).json()["tribunals"]
    listed = {court[name] for court in courts for name in ("topic", "replies_topic")}
    assert listed == {topic.name for topic in routing.running.service.own_topics}


async def test_a_court_is_found_by_its_code(routing: InProcess) -> None:
    assert (await routing.get("/v1/tribunals/tj33063", "tribunal:tj75056")).json() == {
        "code": "tj33063",
        "code_tj": "100094",
        "name": "Tribunal judiciaire de Bordeaux",
        "city": "Bordeaux",
        "court_of_appeal": "Cour d'Appel de Bordeaux",
        "timezone": "Europe/Paris",
        "topic": "infoparquet.tribunal.tj33063.v1",
        "replies_topic": "infoparquet.tribunal.tj33063.replies.v1",
    }
    national = (await routing.get("/v1/tribunals/pnf", AGENT)).json()
    assert (national["name"], national["code_tj"]) == ("Parquet national financier", None)
    assert national["topic"] == "infoparquet.tribunal.pnf.v1"


@pytest.mark.parametrize(
    ("typed", "meant"), [("tj33036", "tj33063"), ("33063", "tj33063"), ("Nouméa", "tj98818"), ("pna", "pnat")]
)
async def test_an_unknown_court_is_a_404_that_proposes_the_nearest(routing: InProcess, typed: str, meant: str) -> None:
    answer = await routing.get(f"/v1/tribunals/{typed}", AGENT)
    assert answer.status_code == 404
    (error,) = answer.json()["errors"]
    assert (error["pointer"], meant in error["suggestions"]) == ("/code", True)


async def test_a_court_that_resembles_nothing_is_a_404_too(routing: InProcess) -> None:
    answer = await routing.get("/v1/tribunals/" + "é" * 500, AGENT)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (404, "unknown-tribunal")


async def test_what_waits_for_an_operator_is_shown_whole(routing: InProcess) -> None:
    urgent = a_submission(commune=None, reference="FRAUD-2").model_copy(
        update={"urgency": Urgency(reason=UrgencyReason.DANGER, until=None)}
    )
    first, second = submitted(commune=None, reference="SEA-1"), an_event(urgent)
    await routing.read(first, submitted(commune="33063"))
    routing.running.transactions.clock = lambda: NOON + timedelta(minutes=1)
    await routing.read(second)
    queue = (await routing.get("/v1/unroutable")).json()["procedures"]
    unsaid: dict[str, Any] = {"number": None, "withdrawal_requested": False, "declined_by": [], "history": []}
    common = {
        "administration": "dreal-33",
        "submitted_at": "2026-11-23T12:00:00Z",
        "reason": "place-without-commune",
        "explanation": "Lieu sans commune",
        "missing": [{"pointer": "/places/0/commune", "detail": "La commune de ce lieu."}],
        "candidates": [],
    } | unsaid
    fraud = {"reference": "FRAUD-2", "urgent": True, "urgency": {"reason": "danger", "until": None}}
    sea = {"reference": "SEA-1", "urgent": False, "urgency": None}
    assert queue == [
        {"id": str(second.subject), "since": "2026-11-23T12:01:00Z"} | fraud | common,
        {"id": str(first.subject), "since": "2026-11-23T12:00:00Z"} | sea | common,
    ]
    assert (await routing.get("/v1/unroutable", limit=1)).json()["procedures"] == queue[:1]


@pytest.mark.parametrize("organisation", [AGENT, "tribunal:tj33063", "service:query"])
async def test_the_queue_is_shown_to_operators_only(routing: InProcess, organisation: str) -> None:
    await routing.read(submitted(commune=None))
    answer = await routing.get("/v1/unroutable", organisation)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (403, "wrong-organisation")


@pytest.mark.parametrize(
    "path", ["/v1/competence?commune=33063", "/v1/tribunals", "/v1/tribunals/pnf", "/v1/unroutable"]
)
async def test_nobody_is_answered_without_a_token(routing: InProcess, path: str) -> None:
    assert (await routing.http.get(path)).status_code == 401
