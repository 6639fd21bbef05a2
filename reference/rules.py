"""The rules of territorial competence, as data: which ground leads to a court, by which article, since when."""

import datetime as dt
from typing import Final

from infoparquet_contracts.codes import Ground
from infoparquet_contracts.identifiers import LegalBasis, RuleId
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from reference.manifest import Folder
from reference.table import BrokenReference

FILE: Final = "rules.json"


class Rule(BaseModel):
    """In force from `from_` to `until`, both included; `until` is None while nobody has repealed it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: RuleId
    ground: Ground
    legal_basis: LegalBasis
    from_: dt.date = Field(alias="from")
    until: dt.date | None

    def in_force(self, on: dt.date) -> bool:
        return self.from_ <= on and (self.until is None or on <= self.until)


def read_rules(folder: Folder) -> tuple[Rule, ...]:
    """In the order in which they decide: the first that leads to a court wins."""
    rules = folder.entries(FILE, TypeAdapter(tuple[Rule, ...]))
    for at, rule in enumerate(rules):
        if any(rule.id == earlier.id for earlier in rules[:at]):
            raise BrokenReference(FILE, 0, f"{at}/id", f"{rule.id} is there twice")
    return rules
