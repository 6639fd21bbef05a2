"""NATINF and NATAFF, the Ministry's lists of offences and of kinds of affair.

A well-formed code outside a list that is not `complete` proves nothing: it is a warning, not a refusal.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from reference.manifest import Folder

NATINF: Final = "natinf.csv"
NATAFF: Final = "nataff.csv"

_NATINF_HEADER: Final = "code,libelle,nature,classe,definie_par,reprimee_par,domaine,source"
_NATAFF_HEADER: Final = "code,code_parent,niveau,libelle"
_NATINF_CODE = re.compile(r"[0-9]{1,5}")
_NATINF_KEPT = re.compile(r"[1-9][0-9]{0,4}")
_NATAFF_CODE = re.compile(r"[A-Z][0-9]{0,2}")


class Nature(NamedTuple):
    """An entry of either list, with the official label.

    Of an offence, `rank` is « Crime », « Délit », « Contravention » or empty where it is not known, `defined_by` the
    articles as the list cites them, and `domain` the part of the list it came with.
    """

    code: str
    label: str
    rank: str = ""
    defined_by: str = ""
    domain: str = ""


class Natures(Mapping[str, Nature]):
    """By code. `complete`: whether a code that is absent does not exist."""

    def __init__(self, natures: dict[str, Nature], *, complete: bool) -> None:
        self._natures = natures
        self.complete = complete

    def __getitem__(self, code: str) -> Nature:
        return self._natures[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._natures)

    def __len__(self) -> int:
        return len(self._natures)


def natinf_code(text: str) -> str:
    """The number as it is kept, without leading zeros; raises ValueError when it is not 1 to 5 digits, or is zero."""
    if not _NATINF_CODE.fullmatch(text) or not text.strip("0"):
        raise ValueError(text)
    return text.lstrip("0")


def nataff_code(text: str) -> str:
    """The code unchanged; raises ValueError when it is not a capital letter and up to two digits."""
    if not _NATAFF_CODE.fullmatch(text):
        raise ValueError(text)
    return text


def read_natinf(folder: Folder) -> Natures:
    table = folder.table(NATINF, _NATINF_HEADER)
    natures: dict[str, Nature] = {}
    for code, label, rank, _, defined_by, _, domain, _ in table:
        table.match(_NATINF_KEPT, code, "code")
        if code in natures:
            raise table.broken("code", f"{code} is there twice")
        if not label:
            raise table.broken("libelle", "empty")
        natures[code] = Nature(code, label, rank, defined_by, domain)
    return Natures(natures, complete=folder.sheet(NATINF).complete)


def read_nataff(folder: Folder) -> Natures:
    """Parents stand before their children in the file."""
    table = folder.table(NATAFF, _NATAFF_HEADER)
    natures: dict[str, Nature] = {}
    for code, parent, level, label in table:
        table.match(_NATAFF_CODE, code, "code")
        if code in natures:
            raise table.broken("code", f"{code} is there twice")
        if parent != code[:-1] or (parent and parent not in natures):
            raise table.broken("code_parent", f"{parent!r} is not the parent of {code}")
        if level != str(len(code)):
            raise table.broken("niveau", f"{level} for {code}")
        if not label:
            raise table.broken("libelle", "empty")
        natures[code] = Nature(code, label)
    return Natures(natures, complete=folder.sheet(NATAFF).complete)
