"""What was typed in the form of a new procedure: the body that intake takes, and codes found by their words. Pure."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from reference.bundle import Reference
from services.query.portal.choices import SUGGESTED, Choices, proposed
from services.query.portal.steps import LISTS, STEPS, Entry, Step

# How a field begins that holds a code.
LOOKED_UP: Final[Mapping[str, re.Pattern[str]]] = {
    "commune": re.compile(r"([0-9][0-9AB][0-9]{3})\b"),
    "natinf": re.compile(r"([0-9]{1,5})\b"),
    "nataff": re.compile(r"([A-Z][0-9]{0,2})\b"),
}
# As people write dates: 24/12/1972, 12/1972 or 1972.
_BIRTH: Final = re.compile(r"(?:(?:([0-9]{1,2})/)?([0-9]{1,2})/)?([0-9]{4})")


def filled(typed: Mapping[str, str]) -> Iterator[tuple[Entry, str]]:
    """The fields in which something stands, in their order."""
    return ((entry, typed[entry.name]) for step in STEPS for entry in step.entries(typed) if typed.get(entry.name))


def told(step: Step, given: Mapping[str, str]) -> dict[str, str]:
    """What was typed in a step: rows that are empty are left out, and the others move up."""
    kept = {}
    for part in step.parts:
        rows = [row for row in part.rows(given) if any(given.get(one.name) for one in row)]
        for number, row in enumerate(rows[: part.most]):
            for entry, moved in zip(row, part.row(number), strict=True):
                if value := given.get(entry.name):
                    kept[moved.name] = value
    return kept


def with_another(typed: Mapping[str, str], many: str) -> tuple[dict[str, str], str]:
    """With one more, which is empty, where there may be one; and its first field."""
    part = LISTS[many]
    added = part.row(min(len(part.rows(typed)), part.most - 1))[0].name
    return {added: "", **typed}, added


def without(typed: Mapping[str, str], many: str, number: str) -> dict[str, str]:
    """Without one of them, which leaves its row empty."""
    gone = {f"{many}/{number}"}
    return {name: value for name, value in typed.items() if "/".join(name.split("/")[:2]) not in gone}


def body_of(typed: Mapping[str, str]) -> dict[str, Any]:
    """The body of `POST /v1/procedures`; what is empty is left out."""
    body: dict[str, Any] = {"places": []}
    for entry, value in filled(typed):
        _put(body, entry.name.split("/"), _read(entry, value))
    return {name: _whole(part) for name, part in body.items()}


def field_of(pointer: str, typed: Mapping[str, str]) -> tuple[str, str]:
    """The step and the field that a pointer is about, or the nearest; the reference's where it is about none."""
    fields = [(step.name, entry.name) for step in STEPS for entry in step.entries(typed)]
    if pointer.split("/")[0] == "documents":
        return "documents", "file"
    exact = [one for one in fields if one[1] == pointer]
    within = [one for one in fields if one[1].startswith(f"{pointer}/") or pointer.startswith(f"{one[1]}/")]
    return (exact or within or fields)[0]


def suggestions(reference: Reference, what: str, typed: str) -> Choices:
    """Codes for words, likeliest first, with what tells them apart."""
    if what == "commune":
        found = reference.communes.nearest(typed, SUGGESTED)
        return [(one.code, f"{one.name} ({one.department_name})") for one in found]
    natures = reference.natinf if what == "natinf" else reference.nataff
    return proposed(_plain(typed).split(), ((one.code, one.label, _plain(one.label)) for one in natures.values()))


def unresolved(step: Step, typed: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """The fields in which words stand where a code belongs: name, lookup, and the words."""
    for entry in step.entries(typed):
        words = typed.get(entry.name)
        if entry.lookup and words and LOOKED_UP[entry.lookup].match(words) is None:
            yield entry.name, entry.lookup, words


def _read(entry: Entry, typed: str) -> str | bool:
    """« 33063 Bordeaux (Gironde) » is 33063, and « 24/12/1972 » is 1972-12-24."""
    if entry.kind == "truth":
        return typed == "true"
    if entry.kind == "birth" and (born := _BIRTH.fullmatch(typed)):
        day, month, year = born.groups()
        return "-".join([year, *(part.zfill(2) for part in (month, day) if part)])
    found = LOOKED_UP[entry.lookup].match(typed) if entry.lookup else None
    return found[1] if found else typed


def _put(body: dict[str, Any], path: Sequence[str], written: str | bool) -> None:
    """Lists are kept as tables by their number until they are whole."""
    for step in path[:-1]:
        if not isinstance(body.get(step), dict):
            body[step] = {}
        body = body[step]
    body[path[-1]] = written


def _whole(part: Any) -> Any:  # noqa: ANN401 - a part of a body
    if not isinstance(part, dict):
        return part
    if part and all(name.isdigit() for name in part):
        return [_whole(part[name]) for name in sorted(part, key=int)]
    return {name: _whole(one) for name, one in part.items()}


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.lower().replace("’", "'"))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
