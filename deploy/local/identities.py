"""Who may hold a token of the development issuer: the organisations there are, and what one does in each."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infoparquet_contracts.identifiers import TRIBUNAL_PATTERN

from reference import default_url, load
from reference.courts import NATIONAL_PROSECUTORS

_ADMINISTRATIONS = Path(__file__).with_name("samples") / "administrations.json"
OPERATOR = "operator"
SERVICES = ("intake", "numbering", "routing", "notify", "query")

ROLES: Mapping[str, Mapping[str, str]] = {
    "administration": {"agent": "agent", "manager": "responsable"},
    "tribunal": {"clerk": "greffe", "prosecutor": "magistrat du parquet"},
    OPERATOR: {"operator": "exploitant"},
    "service": {"service": "service"},
}
_SHAPE = re.compile(
    rf"administration:[a-z][a-z0-9]*(-[a-z0-9]+)*|tribunal:{TRIBUNAL_PATTERN}|{OPERATOR}|service:({'|'.join(SERVICES)})"
)


@dataclass(frozen=True)
class Organisation:
    """`name` as the token's claim has it, `label` for people."""

    name: str
    label: str

    @property
    def roles(self) -> Mapping[str, str]:
        """What one may be there, with what people call it."""
        return roles_of(self.name)


def roles_of(organisation: str) -> Mapping[str, str]:
    """The roles of that organisation's kind."""
    return ROLES[organisation.partition(":")[0]]


def is_organisation(name: str) -> bool:
    """Whether a token may name it, known here or not."""
    return _SHAPE.fullmatch(name) is not None


def organisations() -> Sequence[Organisation]:
    """Those that people belong to: the samples' administrations, every tribunal, the operator."""
    administrations = json.loads(_ADMINISTRATIONS.read_text())
    return [
        *(Organisation(f"administration:{one['code']}", one["label"]) for one in administrations),
        *(Organisation(f"tribunal:{court.code}", court.name) for court in load(default_url()).courts.values()),
        *(Organisation(f"tribunal:{code}", label) for code, label in NATIONAL_PROSECUTORS.items()),
        Organisation(OPERATOR, "Exploitation d’infoParquet"),
    ]
