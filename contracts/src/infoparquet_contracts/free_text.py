"""Where a schema leaves room for words: the journal is kept for ever, so a name or a sentence must find no place in it.

A string is closed by its values, by a format that leaves no room, or by a pattern that refuses names and sentences; a
length alone closes nothing. What may be anything, and a map, whose names are anybody's, are open too. Pure.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from .subset import Path, Schema, Subschema, definitions_of, fields_below, resolved

# `email` or `uri` would leave room for a name.
_CLOSED_FORMATS: Final = frozenset({"uuid", "date", "date-time", "time", "duration"})
_SENTENCE: Final = "Élodie Durand-Lefèvre, née à Sète le 12/03/1970, se plaint d’une odeur ; elle habite à côté."
# Accents and punctuation are what tells words from codes. From the shortest, since some patterns are slow to refuse;
# the sentence is cut at every length, for a pattern that takes a certain length alone.
_WORDS: Final = (
    "Zoé",
    "lefèvre",
    "Lefèvre",
    "LEFÈVRE",
    *(_SENTENCE[:length] for length in range(1, len(_SENTENCE) + 1)),
    "Jean Dupont, 12 rue de la Paix, 33000 Bordeaux",
    "Mme Durand se plaint d'une odeur, dit-elle.",
)
# What a pattern is made of: something escaped, a class of characters, anything else.
_ATOM: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)


def free_text(schema: Schema) -> list[Path]:
    """Where words could be written; empty where nowhere."""
    return _where(schema, _is_open)


def unbounded_numbers(schema: Schema) -> list[Path]:
    """Numbers without both bounds: no words, but long enough for a person's number."""
    return _where(schema, _is_unbounded)


def _where(schema: Schema, minded: Callable[[Schema], bool]) -> list[Path]:
    return list(dict.fromkeys(_places(schema, definitions_of(schema), minded, (), frozenset())))


def _places(
    schema: Subschema,
    definitions: Mapping[str, Schema],
    minded: Callable[[Schema], bool],
    path: Path,
    within: frozenset[str],
) -> Iterator[Path]:
    whole: Schema = {} if schema is True else {"enum": []} if schema is False else schema
    if whole.get("$ref") in within:
        return
    if "$ref" in whole:
        within |= {whole["$ref"]}
        whole = resolved(whole, definitions)
    if minded(whole):
        yield path
        return
    for step, field in fields_below(whole):
        if field is not False:
            yield from _places(field, definitions, minded, (*path, *step), within)


def _is_open(schema: Schema) -> bool:
    if "enum" in schema or "const" in schema or "anyOf" in schema:
        return False
    types = schema.get("type")
    return types is None or any(_opens(kind, schema) for kind in ([types] if isinstance(types, str) else types))


def _opens(kind: str, schema: Schema) -> bool:
    match kind:
        case "string":
            return schema.get("format") not in _CLOSED_FORMATS and _takes_words(schema.get("pattern"))
        case "array":
            return "items" not in schema
        case "object":
            return schema.get("additionalProperties", "properties" not in schema) is not False
        case _:
            return False


def _takes_words(pattern: str | None) -> bool:
    """By its shape, since what stands before or after the words may be anything; then by trying."""
    if pattern is None or not (pattern.startswith("^") and pattern.endswith("$")):
        return True
    try:
        return any(map(_is_wild, _ATOM.findall(pattern))) or any(re.search(pattern, words) for words in _WORDS)
    except re.error:
        return True


def _is_wild(atom: str) -> bool:
    """Any character, all but some, a category of them, or letters of other alphabets."""
    if atom.startswith("["):
        return atom.startswith("[^") or not atom.isascii() or re.search(r"\\(?!d)[A-Za-z0-9]", atom) is not None
    return atom == "." or re.fullmatch(r"\\(?!d)[A-Za-z0-9]", atom) is not None


def _is_unbounded(schema: Schema) -> bool:
    types: Any = schema.get("type", ())
    numbers = {"integer", "number"} & {*([types] if isinstance(types, str) else types)}
    least = "minimum" in schema or "exclusiveMinimum" in schema
    most = "maximum" in schema or "exclusiveMaximum" in schema
    return bool(numbers) and "enum" not in schema and "const" not in schema and not (least and most)
