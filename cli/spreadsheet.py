"""Procedures in a CSV file, one a row, as the bodies that the intake API takes. People do not fit in a row."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

COLUMNS = {
    "reference": "votre référence, obligatoire",
    "kind": "article-40, report, official-record ou complaint, obligatoire",
    "communes": "codes INSEE, séparés par des espaces",
    "ground": "ce qui y rattache l’affaire : facts (par défaut), residence, seat, arrest ou detention",
    "place_text": "le lieu en mots",
    "natinf": "codes NATINF, séparés par des espaces",
    "nataff": "codes NATAFF, séparés par des espaces",
    "facts_from": "début des faits, AAAA-MM-JJ ou JJ/MM/AAAA",
    "facts_to": "fin des faits",
    "facts_text": "les dates en mots",
    "summary": "résumé des faits",
    "urgency_reason": "limitation, danger, custody, evidence ou other",
    "urgency_until": "échéance de l’urgence",
    "urgency_comment": "l’urgence en mots",
    "author_name": "nom de l’auteur",
    "author_service": "son service",
    "author_email": "son adresse électronique",
    "comment": "observations",
    "service": "code du service",
    "files": "pièces : chemins séparés par des points-virgules",
    "idempotency_key": "clé d’idempotence ; à défaut, elle est tirée du contenu",
}
REQUIRED = ("reference", "kind")
_SEPARATORS = re.compile(r"[\s|,;]+")
_PATH_SEPARATORS = re.compile(r"[;\r\n]+")
_FRENCH_DAY = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")


class WrongColumns(ValueError):  # noqa: N818 - what is wrong, in French, is its message
    """The header names a column that does not exist, or lacks one that must."""


def read_rows(content: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    """The line of each row and its body. Raises WrongColumns.

    Comma or semicolon, UTF-8 or the Windows-1252 of French spreadsheets.
    """
    text = _decoded(content)
    header = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if ";" in header else ",", restval="")
    _check([name.strip() for name in rows.fieldnames or []])
    for row in rows:
        cells = {name.strip(): value.strip() for name, value in row.items() if isinstance(value, str) and name}
        if None in row:
            raise WrongColumns(f"La ligne {rows.line_num} a plus de cellules que l’en-tête.")
        if any(cells.values()):
            yield rows.line_num, _without_empty(_body(cells))


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _check(columns: list[str]) -> None:
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown:
        raise WrongColumns(f"Colonne inconnue : {unknown[0]} ; les colonnes admises sont {', '.join(COLUMNS)}.")
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise WrongColumns(f"Il manque la colonne {missing[0]}.")


def _body(cells: dict[str, str]) -> dict[str, Any]:
    given = cells.get
    return {
        "reference": given("reference"),
        "kind": given("kind"),
        "service": given("service"),
        "urgency": {
            "reason": given("urgency_reason"),
            "until": _day(given("urgency_until", "")),
            "comment": given("urgency_comment"),
        },
        "facts": {
            "from": _day(given("facts_from", "")),
            "to": _day(given("facts_to", "")),
            "text": given("facts_text"),
            "summary": given("summary"),
        },
        "places": _places(cells),
        "natinf": _codes(given("natinf", "")),
        "nataff": _codes(given("nataff", "")),
        "author": {
            "name": given("author_name"),
            "service": given("author_service"),
            "email": given("author_email"),
        },
        "comment": given("comment"),
        "files": _paths(given("files", "")),
        "idempotency_key": given("idempotency_key"),
    }


def _places(cells: dict[str, str]) -> list[dict[str, str | None]]:
    """The words go with the first commune, or alone where there is none."""
    ground = cells.get("ground") or "facts"
    words = cells.get("place_text")
    communes: list[str | None] = [*_codes(cells.get("communes", ""))]
    if not communes and words:
        communes = [None]
    return [
        {"ground": ground, "commune": commune, "text": words if index == 0 else None}
        for index, commune in enumerate(communes)
    ]


def _codes(cell: str) -> list[str]:
    return [code for code in _SEPARATORS.split(cell) if code]


def _paths(cell: str) -> list[str]:
    """Names of files have spaces and commas in them."""
    return [path.strip() for path in _PATH_SEPARATORS.split(cell) if path.strip()]


def _day(cell: str) -> str:
    return _FRENCH_DAY.sub(r"\3-\2-\1", cell)


def _without_empty(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(value, dict):
        kept = {name: _without_empty(inner) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if inner not in (None, "", {}, [])}
    return [_without_empty(inner) for inner in value] if isinstance(value, list) else value
