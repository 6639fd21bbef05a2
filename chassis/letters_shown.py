"""Dead letters in words, for a terminal or a page: their bytes are anybody's, and are shown as nothing but text."""

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

OUTCOMES: Final = {
    "applied": "rejouée",
    "failed": "rejouée sans succès",
    "discarded": "écartée",
    "released": "rendue à l’envoi",
}


def visible(words: str) -> str:
    """Without what would move a terminal's cursor or colour it: the bytes are anybody's."""
    return "".join(one if one.isprintable() or one in "\n\t" else "�" for one in words)


def origin(letter: Mapping[str, Any]) -> str:
    """Where it was read, or where it was to go."""
    if letter["kind"] == "outbox":
        return f"vers {letter['topic']}"
    return f"{letter['topic']} [{letter['partition']}] {letter['offset']}"


def words(octets: str | None) -> str:
    """Base64 as the text it is, or as it stands."""
    if octets is None:
        return "(sans valeur)"
    try:
        return base64.b64decode(octets).decode()
    except UnicodeDecodeError:
        return f"(base64) {octets}"


def content(letter: Mapping[str, Any]) -> str:
    """The whole letter's value."""
    if letter["value"] is None:
        return "(sans contenu)"
    if letter["value_text"] is None:
        return f"(base64) {letter['value']}"
    try:
        return json.dumps(json.loads(letter["value_text"]), ensure_ascii=False, indent=2)
    except ValueError:
        return str(letter["value_text"])
