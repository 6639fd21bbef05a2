"""Has clamd look at a content, over its INSTREAM command; only what it says it read and found clean is clean.

Bare sockets, since above its limit clamd answers and hangs up while it is still being sent to: an asyncio stream whose
write fails forgets what it has not read yet, a socket keeps it.
"""

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from chassis.errors import Refused, Unavailable
from services.intake.settings import scanner_address

CONNECT_LIMIT = timedelta(seconds=10)
# clamd is silent while it looks, by default for two minutes at most (MaxScanTime), and before that while others wait.
SILENCE_LIMIT = timedelta(minutes=3)
LONGEST_SIGNATURE = 200

_COMMAND, _END = b"zINSTREAM\0", bytes(4)
_PIECE = 64 * 1024
_LONGEST_ANSWER = 4096
_TOO_LARGE = "INSTREAM size limit exceeded. ERROR"
_ABOUT_IT = "stream: "
# A "signature" by which clamd tells, with AlertExceedsMax, that it did not look at everything.
_PARTLY_READ = "Heuristics.Limits.Exceeded"
# What clamd says of a content where its own machine or database is at fault: another time it may go well.
_ITS_OWN_FAULT = frozenset(
    {
        "Can't access file",
        "Can't allocate memory",
        "Can't create new file",
        "Can't create temporary directory",
        "Can't create temporary file",
        "Can't duplicate file descriptor",
        "Can't get file status",
        "Can't map file into memory",
        "Can't open file or directory",
        "Can't read file",
        "Can't set file offset",
        "Can't unlink file",
        "Can't write to file",
        "Malformed database",
        "Not a regular file",
    }
)


class Reason(StrEnum):
    """Why a content cannot be scanned: above clamd's StreamMaxLength, beyond another limit of its, unreadable to it."""

    TOO_LARGE = "too-large"
    PARTLY_READ = "partly-read"
    UNREADABLE = "unreadable"


class Unscannable(Refused):
    """clamd cannot tell of this content, nor will it another time; `said` is its own word for `reason`, for the log."""

    def __init__(self, reason: Reason, said: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.said = said


@dataclass(frozen=True, slots=True)
class Scanned:
    """`signature` is what it is infected with, in printable ASCII; None where it is clean."""

    infected: bool
    signature: str | None


class Scanner:
    """One connection a scan. `silence` is for each piece sent and for the answer; nothing limits the whole."""

    def __init__(self, url: str, *, connecting: timedelta = CONNECT_LIMIT, silence: timedelta = SILENCE_LIMIT) -> None:
        self._address = scanner_address(url)
        self._connecting = connecting.total_seconds()
        self._silence = silence.total_seconds()

    async def scan(self, content: AsyncIterator[bytes]) -> Scanned:
        """Reads `content` to its end, or until clamd wants no more. Raises Unavailable("scanner"), Unscannable."""
        with await self._connected() as connection:
            talk = _Talk(connection, self._silence)
            async with aclosing(_framed(content)) as frames:
                async for frame in frames:
                    # Once it takes no more it has said why.
                    if not await talk.sent(frame):
                        return _meaning(await talk.answer(), whole=False)
            return _meaning(await talk.answer(), whole=True)

    async def _connected(self) -> socket.socket:
        try:
            async with asyncio.timeout(self._connecting):
                return await _connection(self._address)
        except (OSError, UnicodeError) as error:
            raise Unavailable("scanner") from error


class _Talk:
    def __init__(self, connection: socket.socket, silence: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._connection = connection
        self._silence = silence

    async def sent(self, frame: bytes) -> bool:
        """False where the other side hung up."""
        try:
            async with asyncio.timeout(self._silence):
                await self._loop.sock_sendall(self._connection, frame)
        except TimeoutError as error:
            raise Unavailable("scanner") from error
        except OSError:
            return False
        return True

    async def answer(self) -> str:
        """What it says, up to the NUL that ends it: hanging up on what was not read, it resets the connection."""
        said = bytearray()
        try:
            async with asyncio.timeout(self._silence):
                while b"\0" not in said and len(said) < _LONGEST_ANSWER:
                    part = await self._loop.sock_recv(self._connection, _LONGEST_ANSWER)
                    if not part:
                        break
                    said += part
        except OSError as error:
            raise Unavailable("scanner") from error
        whole, ended, _ = said.partition(b"\0")
        if not ended:
            raise Unavailable("scanner")
        return whole.decode("ascii", "replace")


async def _connection(address: tuple[str, int] | str) -> socket.socket:
    """Over the first of a host's addresses that answers. Raises OSError, or UnicodeError for what is no host's name."""
    if isinstance(address, str):
        return await _opened(socket.AF_UNIX, address)
    loop = asyncio.get_running_loop()
    failed: OSError | None = None
    for family, _, _, _, place in await loop.getaddrinfo(*address, type=socket.SOCK_STREAM):
        try:
            return await _opened(family, place)
        except OSError as error:
            failed = error
    raise failed or OSError("no address")


async def _opened(family: int, place: tuple[object, ...] | str) -> socket.socket:
    connection = socket.socket(family, socket.SOCK_STREAM)
    connection.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(connection, place)
    except BaseException:
        connection.close()
        raise
    return connection


async def _framed(content: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """The whole conversation on our side; a piece of no byte would end it early."""
    yield _COMMAND
    async for chunk in content:
        for start in range(0, len(chunk), _PIECE):
            piece = chunk[start : start + _PIECE]
            yield len(piece).to_bytes(4, "big") + piece
    yield _END


def _meaning(answer: str, *, whole: bool) -> Scanned:
    if answer == _TOO_LARGE:
        raise Unscannable(Reason.TOO_LARGE, answer)
    verdict = answer.removeprefix(_ABOUT_IT)
    # The rest it says of itself: that it waited too long for us, that its disk is full.
    if verdict == answer:
        raise Unavailable("scanner")
    if verdict == "OK" and whole:
        return Scanned(infected=False, signature=None)
    said, _, kind = verdict.rpartition(" ")
    if kind == "FOUND":
        return _found(_cleaned(said))
    if kind != "ERROR" or said in _ITS_OWN_FAULT:
        raise Unavailable("scanner")
    raise Unscannable(Reason.UNREADABLE, _cleaned(said))


def _found(signature: str) -> Scanned:
    if signature.startswith(_PARTLY_READ):
        raise Unscannable(Reason.PARTLY_READ, signature)
    return Scanned(infected=True, signature=signature)


def _cleaned(said: str) -> str:
    return "".join(one for one in said if " " <= one <= "~")[:LONGEST_SIGNATURE]
