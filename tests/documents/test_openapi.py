"""The OpenAPI documents of the services: valid, whole, and in agreement with what the services do without a token."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from chassis.described import Operation
from chassis.openapi import METHODS, Undescribed, document
from cli.contracts_openapi import openapi_files
from services.numbering.described import DESCRIPTION

COMMITTED = Path(__file__).parents[2] / "contracts"
ANY_ID = "01a20cd3-9b9a-7a4a-9361-45d6649da1b8"


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and operation."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def contents(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What is sent and what is answered, each with its schema and its examples."""
    yield from operation.get("requestBody", {}).get("content", {}).values()
    for answer in operation["responses"].values():
        yield from answer.get("content", {}).values()


def words(part: Any) -> Iterator[str]:
    """Every text that people read."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name in ("summary", "description") and isinstance(value, str):
                yield value
            elif name != "examples":
                yield from words(value)
    elif isinstance(part, list):
        for one in part:
            yield from words(one)


def test_a_document_is_valid_openapi(application: FastAPI) -> None:
    whole = application.openapi()
    OpenAPIV31SpecValidator(whole).validate()
    assert (whole["openapi"], whole["info"]["version"]) == ("3.1.0", "1")


def test_what_is_committed_is_what_the_code_generates() -> None:
    generated = openapi_files()
    found = {file.relative_to(COMMITTED).as_posix(): file.read_text() for file in COMMITTED.glob("openapi/*")}
    differing = [path for path in generated if generated[path] != found.get(path)]
    assert (differing, found.keys() - generated.keys()) == ([], set()), "run `make contracts`, look at what changes"


async def test_every_operation_asks_for_a_token_where_its_document_says_so(application: FastAPI) -> None:
    transport = httpx.ASGITransport(application, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
        for method, path, operation in operations(application.openapi()):
            answer = await http.request(method, re.sub(r"{\w+}", ANY_ID, path))
            secured = operation["security"] == [{"token": []}]
            assert (answer.status_code == 401) == secured == ("401" in operation["responses"]), f"{method} {path}"


def test_every_operation_is_told_in_words_and_has_answers(application: FastAPI) -> None:
    whole = application.openapi()
    tags = {tag["name"] for tag in whole["tags"]}
    for method, path, operation in operations(whole):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert set(operation["tags"]) <= tags, where
        assert any(status.startswith("2") for status in operation["responses"]), where
    assert {tag for _, _, operation in operations(whole) for tag in operation["tags"]} == tags
    assert [text for text in words(whole) if not text or re.search(r"\w'\w", text)] == []


def test_every_body_has_examples_that_are_valid(application: FastAPI) -> None:
    whole = application.openapi()
    for method, path, operation in operations(whole):
        for content in contents(operation):
            # Any bytes have neither.
            if content == {} or "ProblemDetails" in str(content["schema"]):
                continue
            where = f"{method} {path}"
            assert content["examples"], where
            validator = Draft202012Validator(
                content["schema"] | {"components": whole["components"]},
                format_checker=Draft202012Validator.FORMAT_CHECKER,
            )
            for name, example in content["examples"].items():
                assert [error.message for error in validator.iter_errors(example["value"])] == [], f"{where} {name}"


def test_an_operation_has_one_name_and_one_service(applications: dict[str, FastAPI]) -> None:
    whole = [one.openapi() for one in applications.values()]
    for each in whole:
        names = Counter(operation["operationId"] for _, _, operation in operations(each))
        assert names.most_common(1)[0][1] == 1
    # These are each service's own, at its own address.
    own = ("/v1/positions", "/v1/dead-letters", "/v1/reconciliation")
    shared = Counter((method, path) for each in whole for method, path, _ in operations(each))
    twice = {path for (_, path), count in shared.items() if count > 1}
    assert {path for path in twice if not path.startswith(own)} == set()


def test_a_document_keeps_nothing_that_it_does_not_refer_to(application: FastAPI) -> None:
    text = json.dumps(application.openapi())
    for name in application.openapi()["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in text, name
    assert "HTTPValidationError" not in text


GIVEN = DESCRIPTION.operations["GET /v1/numbers/{number}"]


@pytest.mark.parametrize(
    "described",
    [{}, {**DESCRIPTION.operations, "GET /v1/elsewhere": GIVEN}],
    ids=["an operation that nothing describes", "a description of no operation"],
)
def test_a_description_that_is_not_of_the_routes_makes_no_document(
    described: dict[str, Operation], applications: dict[str, FastAPI]
) -> None:
    with pytest.raises(Undescribed, match="/v1/"):
        document(applications["numbering"], replace(DESCRIPTION, operations=described), ())
