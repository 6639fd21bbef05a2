"""One document from the service to a file, by ranges, and only if it is the one that was handed over."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import Final

import httpx
from infoparquet_contracts.parts import Document

from cli.part_file import Part, Tell, holds
from cli.problem_details import kind_of, problem_of
from cli.session import Connection

# Tries that bring nothing; the wait doubles with each.
TRIES, FIRST_WAIT = 4, 0.1
_OVERLOADED: Final = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})


class State(StrEnum):
    """What became of a document."""

    RECEIVED = "received"
    PRESENT = "present"
    NOT_SCANNED = "not-scanned"
    INFECTED = "infected"
    DIFFERS = "differs"
    UNAVAILABLE = "unavailable"
    NOT_DELIVERED = "not-delivered"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The same, and why, in French."""

    state: State
    detail: str | None = None


SILENT: Final = Outcome(State.UNAVAILABLE, "Le service intake ne répond pas, ou la liaison est coupée.")
_OTHER: Final = Outcome(
    State.DIFFERS, "Le contenu reçu n’est pas celui dont la remise donne l’empreinte : il n’est pas gardé."
)
_REFUSALS: Final = {"document-not-scanned": State.NOT_SCANNED, "document-infected": State.INFECTED}


class _NotNow(Exception):  # noqa: N818 - nothing is wrong with the question
    """To be asked again; `outcome` is what is said where that is in vain."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome: Final = outcome


async def download(
    client: httpx.AsyncClient, connection: Connection, document: Document, final: Path, tell: Tell
) -> Outcome:
    """Brings what is missing of a document to a file; `tell` is told of its bytes. Raises OSError."""
    # The one may be a gigabyte to hash, the other a minute's wait for a slow disk.
    if await asyncio.to_thread(holds, final, document):
        tell(document.bytes)
        return Outcome(State.PRESENT)
    part = await asyncio.to_thread(Part, final, tell)
    try:
        outcome = await _filled(client, connection, document, part)
    finally:
        part.close()
    if outcome.state is State.RECEIVED:
        await asyncio.to_thread(part.settle)
    elif outcome.state is State.DIFFERS or not part.size:
        part.discard()
    return outcome


async def _filled(client: httpx.AsyncClient, connection: Connection, document: Document, part: Part) -> Outcome:
    in_vain, furthest = 0, part.size
    while True:
        try:
            refusal = await _go_on(client, connection, document, part)
        except (_NotNow, httpx.TransportError) as error:
            # As long as each try brings something, a bad line gets there.
            in_vain = 0 if part.size > furthest else in_vain + 1
            furthest = max(furthest, part.size)
            if in_vain == TRIES:
                return error.outcome if isinstance(error, _NotNow) else SILENT
            await asyncio.sleep(FIRST_WAIT * 2**in_vain)
            continue
        if refusal is not None:
            return refusal
        if part.holds(document):
            return Outcome(State.RECEIVED)
        if not part.kept:
            return _OTHER
        # What was there from before may be what is wrong.
        part.begin_again()


async def _go_on(client: httpx.AsyncClient, connection: Connection, document: Document, part: Part) -> Outcome | None:
    """Asks for the bytes that are missing; None where the answer gave all that it has. Raises _NotNow."""
    if part.size and part.size >= document.bytes:
        return None
    headers = connection.bearer() | {"Accept-Encoding": "identity"}
    if part.size:
        # Intake's tag is the content's digest: a part of anything else is not added to.
        headers |= {"Range": f"bytes={part.size}-", "If-Range": f'"{document.sha256}"'}
    url = httpx.URL(connection.address("intake")).join(f"/v1/documents/{document.id}")
    async with client.stream("GET", url, headers=headers) as answer:
        if answer.status_code not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
            return _refused(answer.status_code, await answer.aread(), part)
        _require_place(answer, part)
        async for piece in answer.aiter_raw():
            part.take(piece)
            if part.size > document.bytes:
                return None
    return None


def _require_place(answer: httpx.Response, part: Part) -> None:
    """The answer's bytes follow those that are there, or begin the document."""
    if answer.status_code == HTTPStatus.OK:
        part.begin_again()
    elif not answer.headers.get("Content-Range", "").startswith(f"bytes {part.size}-"):
        part.begin_again()
        raise _NotNow(SILENT)


def _refused(status: int, body: bytes, part: Part) -> Outcome:
    problem = problem_of(body)
    detail = str(problem.get("detail", f"Le service intake répond {status}."))
    outcome = Outcome(_REFUSALS.get(kind_of(problem), State.UNAVAILABLE), detail)
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        part.begin_again()
        raise _NotNow(outcome)
    if status in _OVERLOADED:
        raise _NotNow(outcome)
    return outcome
