"""The media type of a deposited file: what its sender declares, held against what its bytes say. Pure.

A declaration that the content can bear is believed. One that it contradicts gives way to what the content is, with a
remark. Where nothing is declared, the name's ending is what the sender says. Every type that comes out is one that the
journal can carry.
"""

import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import puremagic
from infoparquet_contracts.identifiers import MediaType
from pydantic import TypeAdapter, ValidationError

from services.intake.signatures import (
    LOOSE,
    SIGNED,
    Family,
    canonical,
    family_of,
    is_prose,
    may_be_text,
    type_within,
)

MISMATCH = "media-type-mismatch"
UNKNOWN = "application/octet-stream"
# What clients say when they say nothing; the last is curl's own idea of `--data-binary`.
_UNDECLARED = frozenset(
    canonical(name)
    for name in (
        UNKNOWN,
        "application/binary",
        "application/x-download",
        "application/force-download",
        "application/unknown",
        "application/x-www-form-urlencoded",
    )
)
# Shorter ones are puremagic's guesses: it takes a text that begins with "if" for music, and one with "00" for a sound.
_SHORTEST_SIGNATURE = 4
# Readers of PDF look for its signature that far.
_PDF_AFTER_JUNK = re.compile(rb".{0,1019}%PDF-\d", re.DOTALL)
_BY_EXTENSION = {
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "json": "application/json",
    "xml": "application/xml",
    "htm": "text/html",
    "html": "text/html",
    "eml": "message/rfc822",
    "ics": "text/calendar",
    "vcf": "text/vcard",
    "md": "text/markdown",
}
_OFFICE = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
# Python's own table, whatever the machine's says, and what is new to it.
_BY_ENDING: Final[Mapping[str, str]] = mimetypes.MimeTypes().types_map[True] | {
    ".docx": _OFFICE + "wordprocessingml.document",
    ".xlsx": _OFFICE + "spreadsheetml.sheet",
    ".pptx": _OFFICE + "presentationml.presentation",
    ".odt": _ODF + "text",
    ".ods": _ODF + "spreadsheet",
    ".odp": _ODF + "presentation",
    ".rtf": "application/rtf",
    ".webp": "image/webp",
    ".m4a": "audio/mp4",
    ".m4v": "video/mp4",
    ".mkv": "video/x-matroska",
    ".7z": "application/x-7z-compressed",
    ".rar": "application/vnd.rar",
}
_TEXTS = frozenset(("application/json", "application/ndjson", "application/csv", "application/yaml", "application/sql"))
_PICTURES_AND_SOUNDS = ("image/", "audio/", "video/", "font/")
_CARRIED = TypeAdapter[str](MediaType)


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What content says of itself. `possible`: types it may also be, by a weaker sign; `text`: it may be a text.

    `named` is the type that the file's name promises.
    """

    empty: bool
    family: Family | None
    media_type: str
    possible: frozenset[str]
    text: bool
    named: str


@dataclass(frozen=True, slots=True)
class Judged:
    """The type that is kept, and the code of the remark that the sender is owed, if any."""

    media_type: str
    warning: str | None = None


def declared(content_type: str | None) -> str:
    """The type that a `Content-Type` declares, without its parameters."""
    media_type = (content_type or "").partition(";")[0].strip(" \t").lower()
    return media_type if _is_carried(media_type) else UNKNOWN


def says_nothing(declared: str) -> bool:
    """Whether a declared type is one that clients send of any file."""
    return canonical(declared) in _UNDECLARED


def sniffed(head: bytes, tail: bytes, name: str | None) -> Sniffed:
    """What the first 64 KiB and the last few of a file say; in a short file they may overlap. Never raises.

    `name` chooses among what the content allows.
    """
    prose = is_prose(head)
    text = may_be_text(head)
    family = family_of(head)
    if family is not None:
        return Sniffed(False, family, type_within(family, head + tail), frozenset(), text, _named(name))
    guesses = _guesses(head + tail, name)
    guesses = [_text_type(guesses, name)] if prose else [guess for guess in guesses if not _is_text(guess)]
    if _PDF_AFTER_JUNK.match(head):
        # A text that quotes a PDF is a text all the same.
        guesses.insert(1 if prose else 0, "application/pdf")
    possible = frozenset(map(canonical, guesses))
    return Sniffed(not head, None, next(iter(guesses), UNKNOWN), possible, text, _named(name))


def judge(declared: str, content: Sniffed) -> Judged:
    """The type to keep of a file."""
    name = canonical(declared)
    if content.empty:
        return Judged(declared)
    # Browsers declare the first for the second, on a machine that has Excel.
    as_excel = name == "application/vnd.ms-excel" and content.media_type == "text/csv"
    if as_excel:
        return Judged(content.media_type)
    if says_nothing(declared):
        lies = not says_nothing(content.named) and not _is_compatible(canonical(content.named), content)
        return Judged(content.media_type, MISMATCH if lies else None)
    if _is_compatible(name, content):
        return Judged(declared)
    return Judged(content.media_type, MISMATCH)


def _is_compatible(name: str, content: Sniffed) -> bool:
    if _is_text(name) and not content.text:
        return False
    family = content.family
    if family is not None:
        return name in family.types or (family.open and _may_be_written_in(family, name))
    if _is_text(name) or name in content.possible:
        return True
    return name not in (SIGNED if content.text or content.possible else SIGNED - LOOSE)


def _may_be_written_in(family: Family, name: str) -> bool:
    if name in SIGNED or name in _TEXTS or name in _BY_EXTENSION.values():
        return False
    return not (name.startswith(_PICTURES_AND_SOUNDS) if family.text else _is_text(name))


def _is_text(name: str) -> bool:
    """Whether the type is one of texts that bear no signature, or need none."""
    if name.startswith(("text/", "message/")) or name in _TEXTS or name == "application/xml":
        return True
    return name.endswith(("+json", "+xml")) and not name.startswith(_PICTURES_AND_SOUNDS)


def _named(name: str | None) -> str:
    return _BY_ENDING.get("." + _ending(name), UNKNOWN)


def _ending(name: str | None) -> str:
    return (name or "").rpartition(".")[2].lower()


def _text_type(guesses: list[str], name: str | None) -> str:
    extension = _ending(name)
    if extension in _BY_EXTENSION:
        return _BY_EXTENSION[extension]
    return next(filter(_is_text, guesses), "text/plain")


def _guesses(content: bytes, name: str | None) -> list[str]:
    """The types of puremagic's signatures that are long enough to say something, the likeliest first."""
    try:
        matches = puremagic.magic_string(content, name)
    except (puremagic.PureError, ValueError):
        return []
    return [
        match.mime_type
        for match in matches
        if len(match.byte_match) >= _SHORTEST_SIGNATURE and match.mime_type != UNKNOWN and _is_carried(match.mime_type)
    ]


def _is_carried(media_type: str) -> bool:
    try:
        _CARRIED.validate_python(media_type)
    except ValidationError:
        return False
    return True
