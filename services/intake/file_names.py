"""The names of deposited files: as a client declares them, as they may be shown, as an answer says them. Pure.

A name is kept as it was sent. Only what `shown` makes of it goes where a program takes it for the name of a file.
"""

import re
import unicodedata
from enum import StrEnum

from contentdisp import ContentDispositionError, build, parse, safe_filename

MOST_CHARACTERS = 255
# ASCII, so that it is its own fallback.
UNNAMED = "piece"
# No database keeps the first, no UTF-8 the others.
_NOT_KEPT = re.compile("[\x00\ud800-\udfff]")
# Control, format (bidirectional overrides are among them), half surrogates, and the separators of lines.
_NOT_SHOWN = ("Cc", "Cf", "Cs", "Zl", "Zp")


class NameFault(StrEnum):
    MALFORMED = "malformed"
    TOO_LONG = "too-long"
    UNUSABLE_CHARACTER = "unusable-character"


_DETAILS = {
    NameFault.MALFORMED: "L’en-tête Content-Disposition est mal formé (RFC 6266) ; exemple : "
    "attachment; filename*=UTF-8''pi%C3%A8ce.pdf",
    NameFault.TOO_LONG: f"Le nom du fichier a plus de {MOST_CHARACTERS} caractères.",
    NameFault.UNUSABLE_CHARACTER: "Le nom du fichier contient un caractère qui ne peut être conservé.",
}


class UnusableName(ValueError):  # noqa: N818 - what is wrong is in `fault`
    """No name that can be kept; says why in French. `position`: where a header stops being well formed, if known."""

    def __init__(self, fault: NameFault, position: int | None = None) -> None:
        super().__init__(_DETAILS[fault])
        self.fault = fault
        self.position = position


def name_in(content_disposition: str | None) -> str | None:
    """The name that the header, decoded as Latin-1, declares; None where it declares none. Raises UnusableName."""
    if content_disposition is None:
        return None
    try:
        # Some clients end with a semicolon, as RFC 9110 allows and RFC 6266 does not.
        name = parse(_as_sent(content_disposition).rstrip("; \t"), strict=True).filename
    except ContentDispositionError as error:
        raise UnusableName(NameFault.MALFORMED, error.position) from None
    return kept(name or "")


def kept(name: str) -> str | None:
    """The name as it was sent, None for an empty one. Raises UnusableName."""
    if len(name) > MOST_CHARACTERS:
        raise UnusableName(NameFault.TOO_LONG)
    if _NOT_KEPT.search(name):
        raise UnusableName(NameFault.UNUSABLE_CHARACTER)
    return name or None


def shown(name: str) -> str:
    """What may be shown and given to a file, on any system: at most 255 bytes of UTF-8, its extension kept."""
    return safe_filename("".join(map(_visible, name)), default=UNNAMED)


def attachment(name: str) -> str:
    """The header of an answer that carries the file."""
    return build("attachment", shown(name))


def _as_sent(header: str) -> str:
    """Many clients write UTF-8, which the standard does not foresee; few names in Latin-1 could be taken for it."""
    try:
        octets = header.encode("latin-1")
    except UnicodeEncodeError as error:
        raise UnusableName(NameFault.MALFORMED, error.start) from None
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return header


def _visible(char: str) -> str:
    noncharacter = ord(char) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(char) <= 0xFDEF
    if noncharacter or unicodedata.category(char) in _NOT_SHOWN:
        return ""
    return char
