"""`POST /v1/procedures`: what is accepted, what is refused and how it is said."""

from uuid import UUID

import pytest

from services.intake.service import build
from tests.services.intake.builders import a_procedure
from tests.services.intake.conftest import Intake, Settings, running
from tests.services.issuer import Issuer


async def test_an_accepted_procedure_is_kept_before_the_answer(intake: Intake) -> None:
    answer = await intake.post(a_procedure(), key="k1")
    assert answer.status_code == 202
    made = answer.json()
    assert made == {
        "id": made["id"],
        "reference": "DREAL33-2026-00042",
        "status_url": f"/v1/procedures/{made['id']}",
        "number": None,
        "warnings": [],
    }
    assert answer.headers["Location"] == made["status_url"]
    assert UUID(made["id"]).version == 7
    assert [await intake.count(table) for table in ("procedures", "dossiers", "outbox")] == [1, 1, 1]


async def test_people_and_words_stay_out_of_the_outbox(intake: Intake) -> None:
    await intake.post(a_procedure(), key="k1")
    ((topic, value, headers),) = await intake.rows("SELECT topic, value, headers FROM outbox")
    assert topic == "infoparquet.procedures.v1"
    said = value.decode() + headers
    for words in ("Exemple", "Camille", "Alix", "dreal.example", "effluents", "Marques", "voisin", "Pôle"):
        assert words not in said


async def test_a_request_without_a_key_is_refused(intake: Intake) -> None:
    answer = await intake.post(a_procedure(), key=None)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["type"].endswith("/idempotency-key-missing")


@pytest.mark.parametrize("key", ["", "a b", "k" * 256, "clé"])
async def test_a_key_is_1_to_255_visible_ascii_characters(intake: Intake, key: str) -> None:
    headers = [(b"idempotency-key", key.encode("latin-1"))]
    answer = await intake.client.post("/v1/procedures", json=a_procedure(), headers=headers)
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("/idempotency-key-malformed")


async def test_the_longest_key_is_taken(intake: Intake) -> None:
    assert (await intake.post(a_procedure(), key="~" * 255)).status_code == 202


async def test_only_administrations_may_post(intake: Intake) -> None:
    for organisation in ("tribunal:tj33063", "operator", "service:notify", "administration:Not A Code"):
        answer = await intake.post(a_procedure(), key="k1", **intake.issuer.bearer(organisation))
        assert answer.status_code == 403
    answer = await intake.post(a_procedure(), key="k1", Authorization="Bearer forged")
    assert answer.status_code == 401
    assert await intake.count("procedures") == 0


async def test_an_unknown_commune_is_refused_with_the_nearest_real_ones(intake: Intake) -> None:
    place = {"ground": "facts", "commune": "Bordaux"}
    answer = await intake.post(a_procedure(places=[place]), key="k1")
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/places/0/commune"
    assert "33063" in error["suggestions"]
    assert await intake.count("idempotency_keys") == 0


async def test_a_code_outside_a_partial_list_is_a_warning(intake: Intake) -> None:
    answer = await intake.post(a_procedure(natinf=["00007", "99999"]), key="k1")
    assert answer.status_code == 202
    assert [warning["pointer"] for warning in answer.json()["warnings"]] == ["/natinf/1"]
    assert {"pointer", "code", "detail"} == set(answer.json()["warnings"][0])


async def test_the_same_reference_again_is_another_procedure_with_a_warning(intake: Intake) -> None:
    first = (await intake.post(a_procedure(), key="k1")).json()
    second = (await intake.post(a_procedure(), key="k2")).json()
    assert first["id"] != second["id"]
    assert [one["code"] for one in second["warnings"]] == ["same-reference"]
    other = await intake.post(a_procedure(), key="k1", **intake.issuer.bearer("administration:urssaf"))
    assert other.json()["warnings"] == []


async def test_a_body_of_another_type_is_refused(intake: Intake) -> None:
    answer = await intake.client.post("/v1/procedures", data={"a": "b"}, headers={"Idempotency-Key": "k1"})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"NaN",
        b'{"a": 1, "a": 2}',
        b'{"\\ud800": 1}',
        b"[" * 5000,
        b"9" * 10_000,
        b'{"a": Infinity}',
    ],
)
async def test_what_is_not_json_is_refused_as_such(intake: Intake, body: bytes) -> None:
    headers = {"Idempotency-Key": "k1", "Content-Type": "application/json"}
    answer = await intake.client.post("/v1/procedures", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("/invalid-json")
    assert answer.json()["errors"][0]["pointer"] == ""


async def test_a_body_over_the_limit_is_refused(intake: Intake) -> None:
    answer = await intake.post(a_procedure(comment="x" * 1024 * 1024), key="k1")
    assert answer.status_code == 413


async def test_the_status_is_a_whole_address_where_the_public_one_is_known(told: Settings, issuer: Issuer) -> None:
    settings = told(public_url="https://infoparquet.example/")
    async with running(build(settings), settings, issuer) as intake:
        answer = await intake.post(a_procedure(), key="absolute")
    assert answer.headers["Location"] == f"https://infoparquet.example/v1/procedures/{answer.json()['id']}"
