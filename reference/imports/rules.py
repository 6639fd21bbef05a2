"""A rule set, as whoever keeps the rules writes it: rules.toml whole, with what changes rule by rule."""

import datetime as dt
from collections.abc import Mapping
from typing import Final

from reference.imports.difference import Change, difference
from reference.imports.official import INSEE, OfficialFile
from reference.imports.proposal import NewSheet, Present, Proposal
from reference.rules import FILE, RuleFile, parse_rules

_SOURCE: Final = "Règles de compétence"


def propose(file: OfficialFile, present: Present, dated: dt.date) -> Proposal:
    """Raises Refused, or BrokenReference with the line."""
    text = file.whole(INSEE)
    new, _ = parse_rules(text)
    old, _ = parse_rules((present.path / FILE).read_text("utf-8"))
    before, after = _entries(old), _entries(new)
    sections = {
        "gone": [Change(name, told[0]) for name, told in before.items() if name not in after],
        "new": [Change(name, told[0]) for name, told in after.items() if name not in before],
        "changed": [Change(name, told[0]) for name, told in after.items() if name in before and before[name] != told],
    }
    count = len(new.territorial) + len(new.subject)
    sheet = NewSheet(FILE, (), (), False, f"{_SOURCE}, {dated:%Y-%m-%d}", text=text, entries=count)
    return Proposal((sheet,), difference(**sections))


def _entries(file: RuleFile) -> Mapping[str, tuple[str, str]]:
    """Each rule and family by its name: what to call it, and all that it says."""
    rules = [*file.territorial, *file.subject]
    named = {rule.id: (rule.legal_basis, rule.model_dump_json()) for rule in rules}
    return named | {f"matters.{name}": (one.title, one.model_dump_json()) for name, one in file.matters.items()}
