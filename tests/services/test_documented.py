"""What holds the documents to the answers sees each way in which one can differ from the other."""

from typing import Any

import httpx
import pytest

from tests.services.documented import Documented

RETRY: dict[str, Any] = {"Retry-After": "2"}
PLAIN: dict[str, Any] = {"Content-Type": "text/plain"}


def answered(status: int = 200, /, *, body: Any = None, **headers: Any) -> httpx.Response:
    request = httpx.Request("GET", "http://service/v1/numbers/7")
    return httpx.Response(status, json={"number": 7} if body is None else body, headers=headers, request=request)


@pytest.fixture
def documented() -> Documented:
    given = {"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]}
    answer = {"headers": {"Location": {"required": True}}, "content": {"application/json": {"schema": given}}}
    return Documented({"components": {}, "paths": {"/v1/numbers/{number}": {"get": {"responses": {"200": answer}}}}})


async def test_an_answer_as_the_document_says_passes(documented: Documented) -> None:
    await documented(answered(Location="/"))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (answered(404, Location="/"), "not in the document"),
        (answered(body={"number": "7"}, Location="/"), "is not of type 'integer'"),
        (answered(body={}, Location="/"), "'number' is a required property"),
        (answered(body={"number": 7, "name": "x"}, Location="/"), "Additional properties are not allowed"),
        (answered(), "no Location"),
        (answered(Location="/", **RETRY), "retry-after is not in the document"),
        (answered(Location="/", **PLAIN), "text/plain is not in the document"),
    ],
    ids=["status", "type", "missing", "unknown", "no header", "another header", "media type"],
)
async def test_what_differs_is_named(documented: Documented, answer: httpx.Response, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        await documented(answer)
