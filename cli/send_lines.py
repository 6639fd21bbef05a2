"""The lines of a file of procedures, each with an idempotency key: its own, or one drawn from its content."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rfc8785

from cli.enclosed import Draft, draft, drawn
from cli.spreadsheet import read_rows

CHUNK_LINES, CHUNK_BYTES = 500, 4 * 1024 * 1024
# What is not attached within a day is gone: procedures must not wait long for the files of those after them.
CHUNK_FILES, CHUNK_FILE_BYTES = 1000, 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Item:
    """A line to send: its number in the file, and what goes on the wire, or is yet to be made from the draft."""

    line: int
    body: bytes
    draft: Draft | None = None


@dataclass(frozen=True, slots=True)
class Amount:
    """How many lines a file has, and the bytes of the files that they name."""

    lines: int
    file_bytes: int


def read(file: Path) -> tuple[Amount, Iterator[Item]]:
    """How much there is to send, and the lines, blank ones left out. Raises OSError, WrongColumns."""
    if file.suffix.lower() == ".csv":
        rows = [(line, json.dumps(body, ensure_ascii=False).encode()) for line, body in read_rows(file.read_bytes())]
        return _amount(rows, file.parent), (_item(line, text, file.parent) for line, text in rows)
    return _amount(_lines(file), file.parent), (_item(line, text, file.parent) for line, text in _lines(file))


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            text = line.removeprefix(b"\xef\xbb\xbf").strip()
            if text:
                yield number, text


def _amount(lines: Iterable[tuple[int, bytes]], folder: Path) -> Amount:
    count = file_bytes = 0
    for number, text in lines:
        count += 1
        # All others need not be parsed twice.
        if b'"files"' in text and (one := _item(number, text, folder).draft):
            file_bytes += one.size
    return Amount(count, file_bytes)


def _item(number: int, text: bytes, folder: Path) -> Item:
    """The line with a key; as it is where it is no object, for intake to say what is wrong with it."""
    try:
        body = json.loads(text)
        if not isinstance(body, dict) or not body:
            return Item(number, text)
        if "files" in body:
            return Item(number, text, draft(json.loads(text, object_pairs_hook=_once), folder))
        if "idempotency_key" in body:
            return Item(number, text)
        key = drawn(body)
    except (ValueError, RecursionError, rfc8785.CanonicalizationError):
        return Item(number, text)
    # Added to the text, so that everything else goes as it was written.
    return Item(number, text[:-1] + b',"idempotency_key":"' + key.encode() + b'"}')


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, which would be written anew without what it says twice. Raises ValueError."""
    if len(made := dict(pairs)) != len(pairs):
        raise ValueError
    return made


def chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """As many lines as go in one request, and whose files are sent before it."""
    chunk: list[Item] = []
    size = files = file_bytes = 0
    for item in items:
        more = len(item.draft.files) if item.draft else 0
        more_bytes = item.draft.size if item.draft else 0
        full = len(chunk) == CHUNK_LINES or size + len(item.body) > CHUNK_BYTES
        if chunk and (full or files + more > CHUNK_FILES or file_bytes + more_bytes > CHUNK_FILE_BYTES):
            yield chunk
            chunk, size, files, file_bytes = [], 0, 0, 0
        chunk.append(item)
        size, files, file_bytes = size + len(item.body), files + more, file_bytes + more_bytes
    if chunk:
        yield chunk
