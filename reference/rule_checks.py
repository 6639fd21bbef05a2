"""Refuses rules that could not be applied as they are written: each with its line and what is wrong."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations

from reference.manifest import Folder
from reference.offences import Natures
from reference.rules import FILE, Matter, Rule, RuleFile, Rules, SubjectRule, assemble, parse_rules
from reference.specialised import Jurisdiction
from reference.table import BrokenReference

Place = tuple[str | int, ...]
Complaint = tuple[Place, str]
_END = dt.date.max


def read_rules(folder: Folder, jurisdictions: Mapping[str, Jurisdiction], natinf: Natures, nataff: Natures) -> Rules:
    """The rules of a folder; raises BrokenReference for the first that cannot be applied."""
    file, lines = parse_rules(folder.text(FILE))
    folder.require_rows(FILE, len(file.territorial) + len(file.subject))
    checks: tuple[Callable[[], Iterator[Complaint]], ...] = (
        lambda: _twice(file),
        lambda: _never_in_force(file),
        lambda: _names(file, jurisdictions),
        lambda: _never_matching(file, natinf, nataff),
        lambda: _overlaps(file),
    )
    for check in checks:
        for place, problem in check():
            raise BrokenReference(FILE, lines.of(place), "/".join(map(str, place)), problem)
    return assemble(file, jurisdictions, natinf)


def _rules(file: RuleFile) -> Iterator[tuple[Place, Rule | SubjectRule]]:
    for at, rule in enumerate(file.territorial):
        yield ("territorial", at), rule
    for at, subject in enumerate(file.subject):
        yield ("subject", at), subject


def _twice(file: RuleFile) -> Iterator[Complaint]:
    seen: set[str] = set()
    for place, rule in _rules(file):
        if rule.id in seen:
            yield (*place, "id"), f"{rule.id} is there twice"
        seen.add(rule.id)


def _never_in_force(file: RuleFile) -> Iterator[Complaint]:
    for place, rule in _rules(file):
        if rule.until is not None and rule.until < rule.from_:
            yield (*place, "until"), f"{rule.id} can never match: it ends before it begins"


def _names(file: RuleFile, jurisdictions: Mapping[str, Jurisdiction]) -> Iterator[Complaint]:
    for at, rule in enumerate(file.subject):
        place = ("subject", at)
        if rule.matter not in file.matters:
            yield (*place, "matter"), f"{rule.matter} is no matter of this file"
        jurisdiction = jurisdictions.get(rule.jurisdiction)
        if jurisdiction is None:
            yield (*place, "jurisdiction"), f"{rule.jurisdiction} is no specialised jurisdiction"
        elif not jurisdiction.seats:
            yield (*place, "jurisdiction"), f"{rule.id} can never match: {rule.jurisdiction} has no seat that is known"
        elif jurisdiction.until is not None and jurisdiction.until < rule.from_:
            yield (*place, "from"), f"{rule.id} can never match: {rule.jurisdiction} ended on {jurisdiction.until}"
        elif rule.effect == "decides" and rule.verified and not all(seat.sure for seat in jurisdiction.seats):
            yield (*place, "effect"), f"{rule.id} decides, and a seat of {rule.jurisdiction} is not verified"


def _never_matching(file: RuleFile, natinf: Natures, nataff: Natures) -> Iterator[Complaint]:
    used = {rule.matter for rule in file.subject}
    for name, matter in file.matters.items():
        place = ("matters", name)
        if name not in used:
            yield place, f"{name} is of no rule"
        yield from _empty(place, matter, natinf, nataff)


def _empty(place: Place, matter: Matter, natinf: Natures, nataff: Natures) -> Iterator[Complaint]:
    if not (matter.natinf or matter.articles or matter.nataff or matter.domains):
        yield place, "nothing can ever match it: no natinf, articles, nataff nor domains"
    for code in matter.natinf:
        if natinf.complete and code not in natinf:
            yield (*place, "natinf"), f"{code} can never match: it is not in the NATINF list, which is complete"
    for code in matter.nataff:
        # The third level is not in a partial list; its parent is.
        if code not in nataff and (nataff.complete or code[:-1] not in nataff):
            yield (*place, "nataff"), f"{code} can never match: it is not in the NATAFF list"
    for domain in matter.domains:
        if all(nature.domain != domain for nature in natinf.values()):
            yield (*place, "domains"), f"{domain!r} can never match: no NATINF is of it"


def _overlaps(file: RuleFile) -> Iterator[Complaint]:
    for (_, first), (at, second) in combinations(enumerate(file.territorial), 2):
        if first.ground == second.ground and _meet(first, second):
            yield ("territorial", at, "from"), f"{second.id} overlaps {first.id}: one ground, at the same time"
    deciding = [(at, rule) for at, rule in enumerate(file.subject) if rule.effect == "decides"]
    for at, rule in deciding:
        if rule.priority is None:
            yield ("subject", at, "effect"), f"{rule.id} decides: it needs a priority among those that do"
    for (_, one), (at, other) in combinations(deciding, 2):
        if one.priority == other.priority and _meet(one, other):
            yield ("subject", at, "priority"), f"{other.id} overlaps {one.id}: both decide with priority {one.priority}"


def _meet(one: Rule | SubjectRule, other: Rule | SubjectRule) -> bool:
    return one.from_ <= (other.until or _END) and other.from_ <= (one.until or _END)
