"""`POST /v1/procedures:batch`: NDJSON in, NDJSON out, each line by itself, in constant memory.

Groups are committed as they arrive and results spooled; the answer starts after the last line, since clients that
write everything before they read would wait for us while we wait for them. A cut connection leaves what was committed,
and the same body sent again makes nothing twice.
"""

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing
from typing import IO, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic_core import to_json
from starlette.requests import ClientDisconnect

from chassis import idempotency
from chassis.errors import OutboxFull, is_unavailable
from chassis.idempotency import InFlight
from chassis.problems import FieldError, Problem, outbox_full
from chassis.service import Parts
from services.intake.acceptance import PATH, Accepted, Gate, Outcome, Posted, accept
from services.intake.api import Administration, require_type
from services.intake.checking import Checks
from services.intake.lines import LONGEST_LINE, Line, grouped

BATCH_PATH = f"{PATH}:batch"
NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")
SPOOLED_IN_MEMORY = 256 * 1024
PIECE = 64 * 1024
# Lines are checked in well under a millisecond each; other requests get their turn after this many.
LINES_A_TURN = 20
_SEND_AGAIN = "Une partie des lignes a pu être enregistrée : renvoyez le même fichier,"


def routes(parts: Parts, checks: Callable[[], Checks]) -> APIRouter:
    """The batch's route."""
    router = APIRouter(tags=["dépôt"])

    @router.post(BATCH_PATH, summary="Dépose des procédures par lot")
    async def submit_batch(request: Request, caller: Administration) -> Response:
        require_type(request, NDJSON)
        spool = tempfile.SpooledTemporaryFile(max_size=SPOOLED_IN_MEMORY)  # noqa: SIM115 - closed with the answer
        try:
            async with aclosing(grouped(request.stream())) as groups:
                async for lines in groups:
                    spool.writelines(await _results(parts, Gate(checks(), caller.code, parts.clock()), lines))
        except BaseException as error:
            spool.close()
            if isinstance(error, ClientDisconnect):
                return Response(status_code=400)
            if isinstance(error, OutboxFull):
                raise outbox_full(error, _SEND_AGAIN) from error
            if isinstance(error, Exception) and is_unavailable(error):
                raise _interrupted() from error
            raise
        return _answer(spool)

    return router


def _answer(spool: IO[bytes]) -> Response:
    length = spool.tell()
    spool.seek(0)
    return StreamingResponse(_pieces(spool), media_type=NDJSON[0], headers={"Content-Length": str(length)})


def _pieces(spool: IO[bytes]) -> Iterator[bytes]:
    with spool:
        while piece := spool.read(PIECE):
            yield piece


async def _results(parts: Parts, gate: Gate, lines: Sequence[Line]) -> list[bytes]:
    """One line of NDJSON a line, in order."""
    read: list[Posted | Problem] = []
    for line in lines:
        read.append(_read(gate, line))
        if len(read) % LINES_A_TURN == 0:
            await asyncio.sleep(0)
    posted = [one for one in read if not isinstance(one, Problem)]
    outcomes = iter(await _accepted(parts, gate.administration, posted))
    settled = [one if isinstance(one, Problem) else next(outcomes) for one in read]
    return [to_json(_shown(line.number, one)) + b"\n" for line, one in zip(lines, settled, strict=True)]


def _read(gate: Gate, line: Line) -> Posted | Problem:
    if line.text is None:
        detail = f"La ligne dépasse {LONGEST_LINE // 1024} Kio."
        return Problem(413, "too-large", detail, [FieldError("", detail)])
    try:
        return gate.admit_line(line.text)
    except Problem as problem:
        return problem


async def _accepted(parts: Parts, administration: str, posted: Sequence[Posted]) -> list[Outcome]:
    """Commit a group; a key in flight elsewhere costs its own line alone: the group is halved until it stands alone."""
    if not posted:
        return []
    try:
        async with parts.transactions.admit() as transaction:
            return await accept(transaction, administration, posted)
    except InFlight:
        if len(posted) == 1:
            return [idempotency.in_flight()]
    middle = len(posted) // 2
    return [
        *await _accepted(parts, administration, posted[:middle]),
        *await _accepted(parts, administration, posted[middle:]),
    ]


def _shown(number: int, outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Accepted):
        warnings = [one.as_json() for one in outcome.remarks]
        return {"line": number, "status": 202, "id": str(outcome.id), "warnings": warnings}
    errors = outcome.errors or [FieldError("", outcome.detail)]
    return {"line": number, "status": outcome.status, "errors": [one.as_json() for one in errors]}


def _interrupted() -> Problem:
    detail = (
        "Le service ne peut pas répondre pour l’instant. Une partie des lignes a pu être enregistrée ; renvoyez le même"
        " fichier, rien ne sera enregistré deux fois."
    )
    return Problem(503, "unavailable", detail, headers={"Retry-After": "2"})
