"""Sends the files of lines, several at once, and makes each line what goes on the wire: with the documents they became.

A file that cannot be sent costs its own line alone.
"""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TypeVar

import httpx
import rfc8785

from cli.enclosed import (
    LARGEST_FILE,
    TOO_LARGE,
    Draft,
    Fault,
    Found,
    Unusable,
    fault,
    keyed,
    unreadable,
    upload_key,
    with_documents,
)
from cli.send_lines import Item
from cli.session import Connection
from cli.uploading import DIFFERS, Announced, Refused, Uploads

AT_ONCE = 4
# After the last byte, intake may have to read a large document again before it answers.
LIMIT_SECONDS = 120.0
PIECE = 1024 * 1024
Advance = Callable[[int], None]
Reached = Callable[[int, int], None]
T = TypeVar("T")


class _Faulty(Exception):  # noqa: N818
    """The line cannot be sent."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__()
        self.faults = faults

    def result(self, line: int) -> dict[str, Any]:
        """As intake answers for a line that it refuses."""
        errors = [{"pointer": one.pointer, "detail": one.detail} for one in self.faults]
        return {"line": line, "status": self.faults[0].status, "errors": errors}


def enclose(
    connection: Connection, chunk: Sequence[Item], advance: Advance
) -> tuple[list[Item], dict[int, dict[str, Any]]]:
    """The lines that are ready to go, their files sent, and by its number the result of each that is not.

    Raises Unsent; `advance` is told how many bytes more are there, or fewer where some must go again.
    """
    drafts = {item.line: item.draft for item in chunk if item.draft}
    made = asyncio.run(_enclosed(connection, drafts, advance)) if drafts else {}
    settled = [(item.line, made.get(item.line, item.body)) for item in chunk]
    ready = [Item(line, outcome) for line, outcome in settled if isinstance(outcome, bytes)]
    return ready, {line: outcome.result(line) for line, outcome in settled if isinstance(outcome, _Faulty)}


async def _enclosed(connection: Connection, drafts: dict[int, Draft], advance: Advance) -> dict[int, bytes | _Faulty]:
    async with httpx.AsyncClient(base_url=connection.address("intake"), timeout=LIMIT_SECONDS) as client:
        enclosing = _Enclosing(Uploads(client, connection), advance)
        outcomes = await _together(enclosing.enclose(draft) for draft in drafts.values())
    return dict(zip(drafts, outcomes, strict=True))


@dataclass
class _Enclosing:
    """The files of one chunk."""

    uploads: Uploads
    advance: Advance
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    # The same line twice has the same uploads: the second finds them whole.
    turns: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def enclose(self, draft: Draft) -> bytes | _Faulty:
        """The line's body, or what is wrong with it."""
        gone = [0] * len(draft.files)

        def reached(place: int, size: int) -> None:
            self.advance(size - gone[place])
            gone[place] = size

        try:
            return await self._body(draft, reached)
        except _Faulty as faulty:
            # Nothing more will come of its other files.
            for place, file in enumerate(draft.files):
                reached(place, file.size)
            return faulty

    async def _body(self, draft: Draft, reached: Reached) -> bytes:
        if draft.faults:
            raise _Faulty(draft.faults)
        digests = await self._each(draft, lambda _place, file: _digest(file.path))
        content, announced = _announced(draft, digests)

        async def upload(place: int, _file: Found) -> str:
            return await self._upload(announced[place], lambda size: reached(place, size))

        return with_documents(content, await self._each(draft, upload))

    async def _upload(self, one: Announced, reached: Callable[[int], None]) -> str:
        try:
            async with self.turns[one.key]:
                return str(await self.uploads.upload(one, reached))
        except Refused as refused:
            changed = "ce fichier a changé pendant son envoi, ou son envoi l’a altéré. "
            why = f"{changed if refused.kind == DIFFERS else ''}{refused}"
            raise Unusable(why, refused.status) from refused

    async def _each(self, draft: Draft, do: Callable[[int, Found], Coroutine[Any, Any, T]]) -> list[T]:
        """What it gives for each file, in order; after one that is faulty no other is begun. Raises _Faulty."""
        faults: list[Fault] = []

        async def one(place: int, file: Found) -> list[T]:
            async with self.slots:
                try:
                    return [] if faults else [await do(place, file)]
                except Unusable as error:
                    faults.append(fault(place, file.name, error))
                    return []

        done = await _together(one(place, file) for place, file in enumerate(draft.files))
        if faults:
            raise _Faulty(faults)
        return [result for some in done for result in some]


def _announced(draft: Draft, digests: Sequence[tuple[str, int]]) -> tuple[dict[str, Any], list[Announced]]:
    """The line's content with its key, and its files with theirs. Raises _Faulty."""
    try:
        content = keyed(draft, [sha256 for sha256, _ in digests])
        # Before anything is sent for a line that cannot be.
        with_documents(content, ())
        return content, [
            Announced(file.path, file.path.name, size, sha256, upload_key(content, place, file.name, sha256))
            for place, (file, (sha256, size)) in enumerate(zip(draft.files, digests, strict=True))
        ]
    except (ValueError, RecursionError, rfc8785.CanonicalizationError) as error:
        raise _Faulty(
            [Fault("", "Cette ligne porte un nombre ou un texte qui ne s’échange pas (RFC 8785).")]
        ) from error


async def _digest(path: Path) -> tuple[str, int]:
    """The SHA-256 of a file, in hexadecimal, and of how many bytes it is. Raises Unusable."""
    digest, size = hashlib.sha256(), 0

    def read(file: IO[bytes]) -> int:
        piece = file.read(PIECE)
        digest.update(piece)
        return len(piece)

    try:
        with await asyncio.to_thread(path.open, "rb") as file:
            while more := await asyncio.to_thread(read, file):
                size += more
                if size > LARGEST_FILE:
                    raise Unusable(TOO_LARGE)
    except OSError as error:
        raise unreadable(error) from error
    return digest.hexdigest(), size


async def _together(all_of: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """What they give, in order; the first that fails ends the others and is raised itself."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in all_of]
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]
