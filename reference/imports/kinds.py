"""The official files that can be imported, by the word that names them on the command line."""

import datetime as dt
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

from reference.imports import communes, competence, movements, nataff, natinf, rules
from reference.imports.official import OfficialFile
from reference.imports.proposal import Present, Proposal


class Kind(StrEnum):
    COMPETENCE = "competence"
    NATINF = "natinf"
    NATAFF = "nataff"
    COMMUNES = "communes"
    RULES = "rules"


Propose = Callable[[OfficialFile, Present, dt.date], Proposal]


def _communes(file: OfficialFile, present: Present, dated: dt.date) -> Proposal:
    """INSEE's two files are told apart by their columns."""
    which = movements.propose if file.mentions(movements.MARK) else communes.propose
    return which(file, present, dated)


_READERS: Final[Mapping[Kind, Propose]] = {
    Kind.COMPETENCE: competence.propose,
    Kind.NATINF: natinf.propose,
    Kind.NATAFF: nataff.propose,
    Kind.COMMUNES: _communes,
    Kind.RULES: rules.propose,
}


def propose(kind: Kind, path: Path, present: Present, dated: dt.date) -> Proposal:
    """What the file would change of the present version; nothing is written. Raises Refused."""
    return _READERS[kind](OfficialFile(path), present, dated)
