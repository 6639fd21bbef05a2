"""Sends a file to intake by tus 1.0.0, in as many requests as it takes.

Whatever is cut, the same announcement under the same key tells where to go on: nothing is kept on this side.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import IO, Final
from uuid import UUID

import httpx

from cli.enclosed import Unusable, unreadable
from cli.failures import Unsent
from cli.problem_details import kind_of, problem_of
from cli.session import Connection
from services.intake import repr_digest

UPLOADS: Final = "/v1/uploads"
PIECE = 256 * 1024
# Without a byte more for so long, nobody is there.
PATIENCE = 120.0
FIRST_WAIT, LONGEST_WAIT = 0.5, 10.0
_TUS: Final = {"Tus-Resumable": "1.0.0"}
# Others may be at the same upload, the service may be starting, or its disk be full for a moment.
_LATER: Final = (408, 409, 429, 502, 503, 504, 507)
_UNAUTHORISED, _FORBIDDEN = 401, 403
DIFFERS: Final = "digest-mismatch"


@dataclass(frozen=True, slots=True)
class Announced:
    """A file, and what intake holds it to: its name, bytes and SHA-256 under this key."""

    path: Path
    name: str
    size: int
    sha256: str
    key: str

    def headers(self) -> dict[str, str]:
        """The same each time. No media type: what this machine takes it for may change, and intake looks itself."""
        return {
            "Idempotency-Key": self.key,
            "Upload-Length": str(self.size),
            "Upload-Metadata": f"filename {base64.b64encode(self.name.encode()).decode()}",
            "Repr-Digest": repr_digest.written(self.sha256),
        }


class Refused(Exception):  # noqa: N818 - why, in French, is its message
    """Intake does not take this file, whenever it comes."""

    def __init__(self, status: int, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind


class _Later(Exception):  # noqa: N818 - why, in French, is its message
    """Not now."""


class _Patience:
    """How long to wait before the next try, and when to give up: not while bytes arrive."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._kept = -1
        self._begin()

    def _begin(self) -> None:
        self._until: float | None = None
        self._wait = FIRST_WAIT

    def arrived(self, kept: int) -> None:
        """So many bytes are there."""
        if kept > self._kept:
            self._kept = kept
            self._begin()

    async def wait(self, why: str) -> None:
        """Raises Unsent when it is over; it begins with what goes wrong first, however long all went well."""
        if self._until is None:
            self._until = monotonic() + self._seconds
        if monotonic() + self._wait > self._until:
            raise Unsent(why)
        await asyncio.sleep(self._wait)
        self._wait = min(2 * self._wait, LONGEST_WAIT)


@dataclass(frozen=True)
class Uploads:
    """Those of one organisation; `client` has the address of intake."""

    client: httpx.AsyncClient
    connection: Connection
    patience: float = PATIENCE

    async def upload(self, one: Announced, reached: Callable[[int], None]) -> UUID:
        """The document that it is, whole; `reached` is told how far it has come.

        Raises Refused, Unusable for a file that is no longer what it was, Unsent for what concerns all files.
        """
        patience, from_start = _Patience(self.patience), False
        while True:
            try:
                document, kept = await self._announce(one)
                from_start |= kept == 0
                patience.arrived(kept)
                reached(kept)
                if kept < one.size:
                    await self._go_on(one, document, kept, reached)
            except Refused as refused:
                # What another run left may have been of a file that changed; by now it is thrown away.
                if refused.kind != DIFFERS or from_start:
                    raise
                await patience.wait(str(refused))
            except httpx.TransportError:
                await patience.wait(f"Le dépôt ne répond pas ({self.client.base_url}).")
            except _Later as later:
                await patience.wait(str(later))
            else:
                return document

    async def _announce(self, one: Announced) -> tuple[UUID, int]:
        """Its id, and how much of it is there."""
        answer = await self._ask("POST", UPLOADS, one.headers())
        try:
            return UUID(answer.headers["location"].rpartition("/")[2]), int(answer.headers["upload-offset"])
        except (KeyError, ValueError):
            raise Unsent("La réponse du dépôt à une pièce annoncée est incomplète.") from None

    async def _go_on(self, one: Announced, document: UUID, kept: int, reached: Callable[[int], None]) -> None:
        headers = {
            "Content-Type": "application/offset+octet-stream",
            # What is announced, so that it does not go in chunks, which not every proxy passes on.
            "Content-Length": str(one.size - kept),
            "Upload-Offset": str(kept),
        }
        try:
            with await asyncio.to_thread(one.path.open, "rb") as file:
                rest = _rest(file, kept, one.size, reached)
                answer = await self._ask("PATCH", f"{UPLOADS}/{document}", headers, rest)
        except OSError as error:
            raise unreadable(error) from error
        if answer.headers.get("upload-offset") != str(one.size):
            raise _Later("Le dépôt n’a pas gardé toute une pièce.")

    async def _ask(
        self, method: str, path: str, headers: dict[str, str], content: AsyncIterator[bytes] | None = None
    ) -> httpx.Response:
        # Read anew each time: a token may end before a large file does.
        bearer = self.connection.bearer()
        answer = await self.client.request(method, path, headers=_TUS | bearer | headers, content=content)
        if answer.is_success:
            return answer
        problem = problem_of(answer.content)
        detail = str(problem.get("detail", f"Le dépôt répond {answer.status_code}."))
        renewed = answer.status_code == _UNAUTHORISED and self.connection.bearer() != bearer
        if renewed or answer.status_code in _LATER:
            raise _Later(detail)
        if answer.status_code in (_UNAUTHORISED, _FORBIDDEN):
            raise Unsent(f"Le dépôt refuse la demande : {detail}")
        raise Refused(answer.status_code, kind_of(problem), detail)


async def _rest(file: IO[bytes], start: int, end: int, reached: Callable[[int], None]) -> AsyncIterator[bytes]:
    """From there to the end that was announced. Raises OSError, Unusable."""
    file.seek(start)
    while start < end:
        piece = await asyncio.to_thread(file.read, min(PIECE, end - start))
        if not piece:
            raise Unusable("ce fichier a raccourci pendant l’envoi.")
        yield piece
        start += len(piece)
        reached(start)
