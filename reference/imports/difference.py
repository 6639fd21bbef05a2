"""What an import would change, by kind of change; what would be lost refuses it unless it is accepted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

# In the order in which they are shown, with their French titles.
SECTIONS: Final[Mapping[str, str]] = {
    "courts_gone": "Tribunaux qui n’ont plus aucune commune",
    "gone": "Ne figurent plus dans le fichier",
    "moved": "Changent de tribunal",
    "succeeded": "Remplacés par une autre commune",
    "new": "Nouveaux",
    "relabelled": "Changent d’intitulé",
    "changed": "Modifiés",
    "regrouped": "Changent de nature ou de rattachement",
    "unknown": "Communes absentes du code officiel géographique",
    "without_court": "Communes sans tribunal",
}
LOSSES: Final = ("courts_gone", "gone")


class Change(NamedTuple):
    """One code: what was held of it, and what the file says."""

    code: str
    label: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """By section; one that is empty is left out."""

    sections: Mapping[str, tuple[Change, ...]]

    @property
    def losses(self) -> int:
        return sum(len(self.sections.get(name, ())) for name in LOSSES)

    @property
    def empty(self) -> bool:
        return not self.sections


def difference(**sections: list[Change]) -> Difference:
    """Sorted by code, in the order of SECTIONS."""
    return Difference({name: tuple(sorted(sections[name])) for name in SECTIONS if sections.get(name)})


def compared(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, list[Change]]:
    """What is new, gone and relabelled between two lists of labels by code."""
    return {
        "gone": [Change(code, label) for code, label in before.items() if code not in after],
        "new": [Change(code, label) for code, label in after.items() if code not in before],
        "relabelled": [
            Change(code, label, before[code], label)
            for code, label in after.items()
            if code in before and before[code] != label
        ],
    }
