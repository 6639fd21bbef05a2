"""People keep sets of filters, each their own, and nobody sees another's."""

import asyncio
from typing import Any

import httpx
import pytest

from services.query.views_store import MOST
from tests.processes import until
from tests.services.in_process import InProcess

AGENT, OTHER_ADMINISTRATION = "administration:dreal-33", "administration:urssaf-75"
URGENT = {"name": "Urgences", "filters": {"q": "bordeaux", "urgent": True, "from": "2026-01-01"}}


async def call(
    query: InProcess, method: str, path: str = "/v1/views", body: Any = None, who: str = AGENT, subject: str = "anne"
) -> httpx.Response:
    headers = query.issuer.bearer(who, subject=subject)
    return await query.http.request(method, path, headers=headers, **({} if body is None else {"json": body}))


async def names(query: InProcess, **who: str) -> list[str]:
    return [one["name"] for one in (await call(query, "GET", **who)).json()["views"]]


async def test_a_view_is_kept_changed_and_deleted(query: InProcess) -> None:
    made = await call(query, "POST", body=URGENT)
    assert (made.status_code, made.json()["filters"]) == (201, URGENT["filters"])
    path = f"/v1/views/{made.json()['id']}"
    assert (await call(query, "GET")).json() == {"views": [made.json()]}
    changed = await call(query, "PUT", path, {"name": " À lire ", "filters": {"status": "delivered"}})
    assert (changed.status_code, changed.json()["name"]) == (200, "À lire")
    assert (await call(query, "GET")).json() == {"views": [changed.json()]}
    assert (await call(query, "DELETE", path)).status_code == 204
    assert (await call(query, "DELETE", path)).status_code == 404
    assert await names(query) == []


@pytest.mark.parametrize(("who", "subject"), [(AGENT, "bruno"), (OTHER_ADMINISTRATION, "anne"), ("operator", "anne")])
async def test_another_s_view_is_as_one_that_does_not_exist(query: InProcess, who: str, subject: str) -> None:
    path = f"/v1/views/{(await call(query, 'POST', body=URGENT)).json()['id']}"
    nowhere = "/v1/views/0192f0c1-0000-7000-8000-000000000000"
    assert await names(query, who=who, subject=subject) == []
    for method, body in (("PUT", URGENT), ("DELETE", None)):
        there, absent = [await call(query, method, one, body, who, subject) for one in (path, nowhere)]
        assert (there.status_code, there.json()["type"]) == (404, absent.json()["type"])
    assert await names(query) == ["Urgences"]
    # Names are each person's own.
    assert (await call(query, "POST", body=URGENT, who=who, subject=subject)).status_code == 201


async def test_two_views_of_a_person_have_two_names(query: InProcess) -> None:
    await call(query, "POST", body=URGENT)
    again = await call(query, "POST", body=URGENT)
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (409, "/name")
    other = (await call(query, "POST", body={"name": "B", "filters": {}})).json()
    assert (await call(query, "PUT", f"/v1/views/{other['id']}", URGENT)).status_code == 409
    assert await names(query) == ["B", "Urgences"]


async def test_a_person_has_fifty_at_most_however_many_are_sent_at_once(query: InProcess) -> None:
    async def kept(number: int) -> int | None:
        """What it is answered once a connection was free for it."""

        async def answered() -> int | None:
            answer = await call(query, "POST", body={"name": f"V{number}", "filters": {}})
            return None if answer.status_code == 503 else answer.status_code

        return await until(answered)

    answers = await asyncio.gather(*(kept(number) for number in range(MOST + 5)))
    assert (answers.count(201), answers.count(409)) == (MOST, 5)
    assert len(await names(query)) == MOST
    assert (await call(query, "POST", body=URGENT, subject="bruno")).status_code == 201


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": "", "filters": {}}, "/name"),
        ({"name": "x" * 61, "filters": {}}, "/name"),
        ({"name": "a\x00b", "filters": {}}, "/name"),
        ({"name": "a"}, "/filters"),
        ({"name": "a", "filters": {"status": "lost"}}, "/filters/status"),
        ({"name": "a", "filters": {"q": "x" * 65}}, "/filters/q"),
        ({"name": "a", "filters": {"q": "\x00"}}, "/filters/q"),
        ({"name": "a", "filters": {"cursor": "x"}}, "/filters/cursor"),
        ({"name": "a", "filters": {"nom": "Dupont"}}, "/filters/nom"),
        ({"name": "a", "filters": {}, "shared": True}, "/shared"),
    ],
)
async def test_a_view_is_held_to_what_the_list_takes(query: InProcess, body: Any, pointer: str) -> None:
    answer = await call(query, "POST", body=body)
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (400, [pointer])


async def test_a_role_is_needed(query: InProcess) -> None:
    headers = query.issuer.bearer(AGENT, ["clerk"])
    assert (await query.http.get("/v1/views", headers=headers)).status_code == 403
    assert (await query.http.get("/v1/views")).status_code == 401
