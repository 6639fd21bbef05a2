"""A verdict on contracts as people read it: a block for each break, within 80 columns."""

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from infoparquet_contracts.compatibility import Direction, Rupture

from cli.contracts_gate import Doubt, Found, OfTree, Verdict

_WIDTH, _MARGIN, _PLACES, _LONGEST = 80, 12, 4, 160
_BREAKS = {
    Rupture.FIELD_REMOVED: "champ supprimé",
    Rupture.FIELD_RENAMED: "champ renommé",
    Rupture.FIELD_REQUIRED: "champ devenu obligatoire",
    Rupture.FIELD_OPTIONAL: "champ devenu facultatif",
    Rupture.FIELD_ADDED: "champ ajouté à un objet fermé",
    Rupture.REQUIRED_FIELD_ADDED: "champ obligatoire ajouté",
    Rupture.TYPE_CHANGED: "type changé",
    Rupture.ENUM_CUT: "valeurs retirées",
    Rupture.ENUM_WIDENED: "valeurs ajoutées",
    Rupture.NARROWED: "contrainte resserrée",
    Rupture.WIDENED: "contrainte élargie",
    Rupture.PATTERN_CHANGED: "forme changée",
    Rupture.DEFAULT_CHANGED: "valeur par défaut changée",
    Rupture.CLOSED: "objet fermé aux champs inconnus",
    Rupture.UNSUPPORTED_KEYWORD: "mot-clé que le contrôle ne sait pas juger",
    OfTree.TYPE_REMOVED: "type publié qui n’existe plus",
    OfTree.RELEASE_REWRITTEN: "version publiée réécrite",
}
_DIRECTIONS = {
    Direction.BACKWARD: "les programmes d’aujourd’hui ne liraient plus ce qui est déjà écrit",
    Direction.FORWARD: "les programmes en service ne liraient pas ce qui serait écrit",
}
_REMEDIES = {
    Rupture.FIELD_REMOVED: "remettez le champ ; s’il doit disparaître, c’est dans {next}",
    Rupture.FIELD_RENAMED: "gardez l’ancien nom ; un autre nom demande {next}",
    Rupture.FIELD_REQUIRED: "laissez le champ facultatif, avec sa valeur par défaut, ou créez {next}",
    Rupture.FIELD_OPTIONAL: "laissez le champ obligatoire, ou créez {next}",
    Rupture.FIELD_ADDED: "un objet fermé ne s’étend pas : créez {next}",
    Rupture.REQUIRED_FIELD_ADDED: "rendez le champ facultatif, avec une valeur par défaut, ou créez {next}",
    Rupture.TYPE_CHANGED: "rendez au champ son type, ou créez {next}",
    Rupture.ENUM_CUT: "remettez les valeurs ; pour ne plus les admettre, créez {next}",
    Rupture.ENUM_WIDENED: "les lecteurs en service ne connaissent pas ces valeurs : créez {next}",
    Rupture.NARROWED: "rendez la contrainte d’avant ; pour une plus stricte, créez {next}",
    Rupture.WIDENED: "rendez la contrainte d’avant ; pour une plus large, créez {next}",
    Rupture.PATTERN_CHANGED: "rendez la forme d’avant, ou créez {next}",
    Rupture.DEFAULT_CHANGED: "rendez la valeur d’avant : l’absence du champ changerait de sens ; sinon, {next}",
    Rupture.CLOSED: "laissez l’objet ouvert (sans additionalProperties), ou créez {next}",
    Rupture.UNSUPPORTED_KEYWORD: "écrivez le schéma sans ce mot-clé (les modèles n’en produisent pas)",
    OfTree.TYPE_REMOVED: "remettez le type : ses événements restent dans le journal ; le suivant sera {next}",
    OfTree.RELEASE_REWRITTEN: "rendez le fichier tel qu’il a été publié (git checkout) ; publiez une autre version",
}
_CHANGES = {
    "title": "le titre a changé",
    "description": "la description a changé : le sens aussi ?",
    "removed": "un champ facultatif n’est plus écrit : qui le lit y verra sa valeur par défaut",
    "not-generated": "le fichier ne dit pas ce que dit le code : lancez « make contracts »",
    "unbounded-number": "un nombre sans bornes : celui d’une personne y tiendrait",
}
_STATES = {
    "absent": "absent",
    "sealed": "scellé",
    "unsealed": "sans sceau",
    "required": "obligatoire",
    "optional": "facultatif",
    "changed": "modifié",
}
_LINE = re.compile(r"^line(?= [0-9]+$)")
_WITHOUT_TEXT = "donnez-lui une liste de valeurs, un format (uuid, date…) ou un motif qui n’admette ni nom ni phrase"


def remedy(found: Found) -> str:
    """What to do about a break."""
    stem = found.type.rpartition(".v")[0]
    return _REMEDIES[found.kind].format(next=f"une nouvelle version : {stem}.v{found.version + 1}")


def in_words(verdict: Verdict) -> str:
    """The whole verdict; how it ends comes last, where it is seen."""
    blocks = [_block(several) for several in _grouped(verdict.breaks)]
    blocks += [_words_enter(*place) for place in verdict.free_text]
    if verdict.to_confirm:
        blocks.append("\n".join(["À confirmer par quelqu’un :", *map(_doubt, verdict.to_confirm)]))
    against = ", ".join(verdict.against)
    number = len(verdict.breaks) + len(verdict.free_text)
    blocks.append(
        f"Compatible avec {against}." if verdict.compatible else f"Incompatible avec {against} : {number} rupture(s)."
    )
    return "\n\n".join(blocks)


def _grouped(found: Iterable[Found]) -> Iterator[list[Found]]:
    """A break in both directions is told once."""

    def place(one: Found) -> tuple[str, str, str, str]:
        return one.type, one.field, one.kind, str((one.was, one.now))

    for _, several in groupby(sorted(found, key=place), key=place):
        yield list(several)


def _block(several: Sequence[Found]) -> str:
    first = several[0]
    lines = [first.type]
    if first.field:
        lines += _line("champ", first.field)
    lines += _line("rupture", f"{_BREAKS[first.kind]} ({first.kind})")
    lines += _line("était", _short(first.was, first.now)) + _line("est", _short(first.now, first.was))
    for label, one in zip(("sens", "et"), (one for one in several if one.direction), strict=False):
        lines += _line(label, f"{_DIRECTIONS[Direction(one.direction or '')]} ({one.direction})")
    if first.released:
        lines += _line("publié", f"version {first.released}")
    for label, consumer in zip(("qui", *[""] * len(first.consumers)), first.consumers, strict=False):
        lines += _line(label, f"{consumer.name}{_places(consumer.reads_at)}")
    others = [name for name in first.decoded_by if name not in {one.name for one in first.consumers}]
    if others:
        lines += _line("aussi", f"{', '.join(others)} : ne lit pas ce champ, mais décode l’événement entier")
    return "\n".join([*lines, *_line("remède", remedy(first))])


def _words_enter(event_type: str, field: str) -> str:
    lines = [event_type, *_line("champ", field), *_line("rupture", "texte libre : un nom y tiendrait (free-text)")]
    return "\n".join([*lines, *_line("remède", _WITHOUT_TEXT)])


def _doubt(one: Doubt) -> str:
    lines = textwrap.wrap(f"{one.type} {one.field}", _WIDTH, initial_indent="  ", subsequent_indent="    ")
    lines += _line("", _CHANGES[one.what])
    if one.what == "not-generated":
        lines += _line("fichier", f"{one.was} ({_STATES[one.now]})")
    elif one.what in ("title", "description"):
        lines += _line("était", _short(one.was, one.now)) + _line("est", _short(one.now, one.was))
    return "\n".join(lines)


def _line(label: str, words: str) -> list[str]:
    """Names and paths are not cut at their hyphens."""
    margin = " " * _MARGIN
    first = f"  {label:<{_MARGIN - 2}}"
    return textwrap.wrap(words, _WIDTH, initial_indent=first, subsequent_indent=margin, break_on_hyphens=False)


def _places(reads_at: Sequence[str]) -> str:
    if not reads_at:
        return ""
    more = len(reads_at) - _PLACES
    return f" : {', '.join(reads_at[:_PLACES])}" + (f" et {more} autre(s)" if more > 0 else "")


def _short(value: Any, other: Any) -> str:  # noqa: ANN401 - what a schema says
    """Of a list of values, those that the other lacks."""
    if isinstance(value, str):
        text = _LINE.sub("tel que scellé à la ligne", _STATES.get(value, value)) or "rien"
    elif isinstance(value, dict) and isinstance(other, dict) and value.keys() == other.keys() == {"enum"}:
        own = [one for one in value["enum"] if one not in other["enum"]]
        text = f"avec {', '.join(map(str, own))}" if own else "sans"
    else:
        text = json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
