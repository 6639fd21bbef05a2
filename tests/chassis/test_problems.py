"""Whatever goes wrong behind a request is a problem (RFC 9457), in French, without a word of what was sent."""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, HTTPException, Request
from infoparquet_contracts.codes import DeadLetterCode
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core._pydantic_core import list_all_errors
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from chassis.bodies import LARGEST_BODY
from chassis.errors import Refused, Unavailable, Unprocessable
from chassis.french import sentence
from chassis.problems import MEDIA_TYPE, PROBLEM_BASE, TITLES, FieldError, Problem
from tests.chassis.application import bare_app
from tests.processes import ROOT

# Stands for what people sent; no answer may hold it.
SENT = "Marie-Ange Untel"
ENGLISH = re.compile(r"\b(the|not|error|invalid|should|must|method|internal|found|allowed|input)\b", re.IGNORECASE)

ERRORS = [error for error in list_all_errors() if error["type"] != "value_error"]
OF_THE_SECOND = ["/others/1/name", "/others/1/age"]


class DriverError(Exception):
    """As the driver's, which quotes the row it refuses."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(f"Key (name)=({SENT}) already exists")
        self.sqlstate = sqlstate


def of_database(sqlstate: str) -> DBAPIError:
    kind = IntegrityError if sqlstate.startswith("23") else DBAPIError
    return kind(f"INSERT {SENT}", None, DriverError(sqlstate))


FAMILIES: dict[str, tuple[Exception, int, str]] = {
    "a problem": (Problem(409, "busy", "Déjà en cours.", headers={"Retry-After": "1"}), 409, "busy"),
    "a dependency": (Unavailable("kafka"), 503, "unavailable"),
    "a lost connection (08)": (of_database("08006"), 503, "unavailable"),
    "a deadlock (40)": (of_database("40P01"), 503, "unavailable"),
    "too many connections (53)": (of_database("53300"), 503, "unavailable"),
    "a database that starts (57)": (of_database("57P03"), 503, "unavailable"),
    "no connection left in the pool": (PoolTimeoutError(SENT), 503, "unavailable"),
    "no network": (ConnectionRefusedError(SENT), 503, "unavailable"),
    "no time left": (TimeoutError(SENT), 503, "unavailable"),
    "a constraint (23)": (of_database("23505"), 500, "internal"),
    "a value the database refuses (22)": (of_database("22003"), 500, "internal"),
    "a refusal nobody worded": (Refused(SENT), 500, "internal"),
    "a fact's fault outside a batch": (Unprocessable(DeadLetterCode.UNPROCESSABLE), 500, "internal"),
    "a mistake of ours": (ValueError(SENT), 500, "internal"),
    "the framework's 400": (HTTPException(400, SENT), 400, "http-400"),
    "the framework's 415": (HTTPException(415, SENT), 415, "http-415"),
}


class Person(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(pattern="^[a-z]+$")]
    age: Annotated[int, Field(le=150)] = 0
    others: list["Person"] = []


def routes() -> APIRouter:
    router = APIRouter()

    @router.post("/fails/{family}")
    async def fail(family: str) -> None:
        raise FAMILIES[family][0]

    @router.post("/people")
    async def add(person: Person, limit: int = 0) -> dict[str, str]:
        return {"name": person.name}

    @router.post("/bytes")
    async def count(request: Request) -> int:
        return len(await request.body())

    @router.post("/pieces")
    async def count_pieces(request: Request) -> int:
        return sum([len(piece) async for piece in request.stream()])

    return router


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = bare_app(routes(), problem_headers={"/fails": {"X-Spoken": "1.0"}})
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://tests") as client:
        yield client


def problem_of(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """The problem an answer is, once it is known to be a proper one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    problem: dict[str, Any] = answer.json()
    assert problem["type"] == PROBLEM_BASE + kind
    assert (problem["status"], problem["title"]) == (status, TITLES[status])
    assert problem["instance"] == httpx.URL(answer.request.url).path
    assert problem["detail"].endswith(".")
    said = [problem["title"], problem["detail"], *(error["detail"] for error in problem.get("errors", []))]
    assert not [words for words in said if ENGLISH.search(words)]
    assert SENT not in answer.text
    return problem


@pytest.mark.parametrize("family", FAMILIES)
async def test_every_family_of_errors_is_a_problem(client: httpx.AsyncClient, family: str) -> None:
    _, status, kind = FAMILIES[family]
    answer = await client.post(f"/fails/{family}", headers={"x-name": "Untel"})
    problem = problem_of(answer, status, kind)
    assert answer.headers["x-spoken"] == "1.0"
    if status == 503:
        assert answer.headers["retry-after"]
        assert "Rien n’a été enregistré" in problem["detail"]


async def test_what_is_down_does_not_reach_the_server_that_would_end_the_connection() -> None:
    transport = httpx.ASGITransport(bare_app(routes()), raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://tests") as client:
        for family in (name for name, (_, status, _) in FAMILIES.items() if status == 503):
            problem_of(await client.post(f"/fails/{family}"), 503, "unavailable")
        with pytest.raises(ValueError, match=SENT):
            await client.post("/fails/a mistake of ours")


async def test_what_does_not_answer_is_named(client: httpx.AsyncClient) -> None:
    assert "kafka" in problem_of(await client.post("/fails/a dependency"), 503, "unavailable")["detail"]
    assert "database" in problem_of(await client.post("/fails/a deadlock (40)"), 503, "unavailable")["detail"]


async def test_an_unknown_path_and_a_wrong_method_are_problems(client: httpx.AsyncClient) -> None:
    problem_of(await client.get("/nowhere"), 404, "http-404")
    answer = await client.get("/people")
    problem_of(answer, 405, "http-405")
    assert answer.headers["allow"] == "POST"
    assert "x-spoken" not in answer.headers
    assert "x-spoken" not in (await client.get("/failsafe")).headers


async def test_a_call_without_token_is_a_problem(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/positions")
    problem_of(answer, 401, "bad-token")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ('{"name": "Marie-Ange Untel"}', ["/name"]),
        ('{"age": "Marie-Ange Untel"}', ["/name", "/age"]),
        ('{"name": "a", "others": [{"name": "b"}, {"name": "Marie-Ange Untel", "age": 151}]}', OF_THE_SECOND),
        ('{"name": "a", "Marie-Ange/~Untel": 1}', ["/Marie-Ange~1~0Untel"]),
        ('{"name": "Marie-Ange Untel", "others": "Marie-Ange Untel"}', ["/name", "/others"]),
        ('["Marie-Ange Untel"]', [""]),
        ('{"name": Marie-Ange Untel}', [""]),
        ('{"name": "a"', [""]),
        ("", [""]),
    ],
)
async def test_each_field_at_fault_is_pointed_at(client: httpx.AsyncClient, body: str, pointers: list[str]) -> None:
    answer = await client.post("/people", content=body, headers={"content-type": "application/json"})
    problem = problem_of(answer, 400, "invalid-request")
    assert [error["pointer"] for error in problem["errors"]] == pointers


async def test_a_parameter_at_fault_is_named(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"/people?limit={SENT}", json={"name": "a"})
    problem = problem_of(answer, 400, "invalid-request")
    assert [error["pointer"] for error in problem["errors"]] == ["/limit"]


def in_pieces(size: int) -> Callable[[], AsyncIterator[bytes]]:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, size, 65_536):
            yield b" " * min(65_536, size - start)

    return pieces


@pytest.mark.parametrize("path", ["/people", "/bytes"])
@pytest.mark.parametrize("with_length", [True, False], ids=["with its length", "without length"])
async def test_a_body_above_the_limit_is_refused(client: httpx.AsyncClient, path: str, with_length: bool) -> None:
    size = LARGEST_BODY + 1
    body = b" " * size if with_length else in_pieces(size)()
    answer = await client.post(path, content=body, headers={"content-type": "application/json"})
    assert ("content-length" in answer.request.headers) == with_length
    problem_of(answer, 413, "too-large")


@pytest.mark.parametrize("with_length", [True, False], ids=["with its length", "without length"])
async def test_a_body_of_the_greatest_size_is_taken(client: httpx.AsyncClient, with_length: bool) -> None:
    body = b" " * LARGEST_BODY if with_length else in_pieces(LARGEST_BODY)()
    assert (await client.post("/bytes", content=body)).json() == LARGEST_BODY


async def test_a_length_above_the_limit_is_refused_before_a_byte_is_read(client: httpx.AsyncClient) -> None:
    read = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(64):
            read += 65_536
            yield b" " * 65_536

    answer = await client.post("/bytes", content=pieces(), headers={"content-length": str(64 * 65_536)})
    problem_of(answer, 413, "too-large")
    assert read <= 65_536


async def test_a_path_that_reads_large_bodies_itself_gets_them(client: httpx.AsyncClient) -> None:
    answer = await client.post("/pieces", content=in_pieces(3 * LARGEST_BODY)())
    assert answer.json() == 3 * LARGEST_BODY


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: str(error["type"]))
def test_every_error_of_pydantic_has_a_french_sentence(error: dict[str, Any]) -> None:
    context = error.get("example_context") or {}
    words = sentence({"type": error["type"], "ctx": context, "input": SENT, "msg": error["example_message_python"]})
    assert words.endswith(".")
    assert "{" not in words
    assert SENT not in words
    if error["type"] != "string_pattern_mismatch":
        assert not ENGLISH.search(words)


def test_our_own_validators_word_themselves() -> None:
    assert sentence({"type": "value_error", "ctx": {"error": ValueError("Trop tôt.")}}) == "Trop tôt."


def statuses() -> Iterator[tuple[Path, int]]:
    """Each status that some code answers as a problem."""
    for path in [*(ROOT / "chassis").glob("*.py"), *(ROOT / "services").rglob("*.py")]:
        for found in re.finditer(r"\bProblem\(\s*(\d{3})\b", path.read_text()):
            yield path.relative_to(ROOT), int(found[1])


def test_every_status_that_is_answered_has_a_title() -> None:
    assert statuses_without_title() == []


def statuses_without_title() -> list[tuple[Path, int]]:
    return [(path, status) for path, status in statuses() if status not in TITLES]


def test_a_field_error_without_suggestions_shows_none() -> None:
    assert FieldError("/a", "Non.").as_json() == {"pointer": "/a", "detail": "Non."}
    assert FieldError("/a", "Non.", ["b"]).as_json()["suggestions"] == ["b"]
