"""Server-Sent Events as a client reads them: each with its name and the id after which the next stream goes on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """What an event is called and its id, empty where it has none; what it says stays with the service."""

    name: str
    id: str


def events(chunks: Iterable[bytes]) -> Iterator[StreamEvent]:
    """Those of an answer's body, as soon as each is whole; comments are life and no events."""
    fields: dict[bytes, bytes] = {}
    for line in _lines(chunks):
        if line:
            name, _, value = line.partition(b":")
            fields[name] = value.removeprefix(b" ")
        elif b"data" in fields:
            yield StreamEvent(fields.get(b"event", b"message").decode(), fields.get(b"id", b"").decode())
            fields = {}


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """By the bytes: what text calls a line end may stand within a fact."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line.removesuffix(b"\r") for line in whole)
