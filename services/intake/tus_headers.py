"""What tus 1.0.0 says in headers: versions, offsets, and what is known of a file. Pure."""

import base64
import binascii
from typing import Final

from chassis.problems import Problem

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,expiration,termination"
OFFSETS: Final = "application/offset+octet-stream"
LONGEST_METADATA = 4096
# 2^63 has 19.
MOST_DIGITS = 18


def require_version(given: str | None) -> None:
    """Raises a 412 Problem for another version."""
    if given != VERSION:
        detail = f"L’en-tête Tus-Resumable doit annoncer la version {VERSION} du protocole tus."
        raise Problem(412, "tus-version", detail, headers={"Tus-Version": VERSION})


def number(name: str, given: str | None) -> int:
    """A header that counts bytes. Raises a 400 Problem."""
    if given is None or not (given.isascii() and given.isdigit() and len(given) <= MOST_DIGITS):
        raise Problem(400, "invalid-header", f"L’en-tête {name} doit être un nombre d’octets.")
    return int(given)


def metadata(given: str | None) -> dict[str, str]:
    """`Upload-Metadata`: names, each with a value in base 64, or none. Raises a 400 Problem."""
    try:
        if given is not None and len(given) > LONGEST_METADATA:
            raise ValueError
        return dict(_pair(one.split()) for one in (given or "").split(",") if one.strip())
    except (ValueError, binascii.Error):
        detail = (
            "L’en-tête Upload-Metadata est mal formé : des paires « nom valeur » séparées par des virgules, la valeur "
            f"en base 64, {LONGEST_METADATA} caractères au plus ; exemple : filename cHYucGRm"
        )
        raise Problem(400, "invalid-metadata", detail) from None


def _pair(words: list[str]) -> tuple[str, str]:
    name, value = words if len(words) > 1 else (*words, "")
    return name, base64.b64decode(value, validate=True).decode()
