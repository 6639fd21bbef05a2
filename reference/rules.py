"""The rules of competence, as data: by place in their order, and by subject matter; each with its article and dates.

What cannot be applied as it is written is refused with its line: see `rule_checks`.
"""

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Final, Literal

from infoparquet_contracts.codes import Formation, Ground, Kind
from infoparquet_contracts.identifiers import LegalBasis, Nataff, Natinf, RuleId
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from reference.citations import Articles, Citation, citations, read_articles
from reference.offences import Nature, Natures
from reference.specialised import Jurisdiction
from reference.table import BrokenReference
from reference.toml_lines import TomlLines

FILE: Final = "rules.toml"

Effect = Literal["decides", "informs"]
NationalProsecutor = Literal["pnf", "pnat", "pnaco"]


def _readable(text: str) -> str:
    read_articles(text)
    return text


Citations = tuple[Annotated[str, AfterValidator(_readable)], ...]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Dated(_Entry):
    """In force from `from_` to `until`, both included; `until` is None while nobody has repealed it."""

    id: RuleId
    legal_basis: LegalBasis
    from_: dt.date = Field(alias="from")
    until: dt.date | None = None

    def in_force(self, on: dt.date) -> bool:
        return self.from_ <= on and (self.until is None or on <= self.until)


class Rule(_Dated):
    """A ground that leads to the court of a place."""

    ground: Ground


class Matter(_Entry):
    """A family of offences; `title` follows « les faits relèvent »."""

    title: Annotated[str, Field(min_length=1)]
    natinf: tuple[Natinf, ...] = ()
    articles: Citations = ()
    nataff: tuple[Nataff, ...] = ()
    # Parts of the list that cite no article yet; ranks (crime, délit, contravention) that are not of the family.
    domains: tuple[str, ...] = ()
    without_ranks: tuple[str, ...] = ()

    def holds(self, nature: Nature, cited: tuple[Citation, ...]) -> bool:
        """Whether an offence of the list, which these articles define, is of this family."""
        if nature.rank in self.without_ranks:
            return False
        if nature.code in self.natinf or nature.domain in self.domains:
            return True
        return any(one in articles for one in cited for articles in self._articles)

    @cached_property
    def _articles(self) -> tuple[Articles, ...]:
        return tuple(read_articles(text) for text in self.articles)


class SubjectRule(_Dated):
    """A specialised jurisdiction for a family of offences. `effect` is the law's; `verified` whether that was read in a
    source at hand; `requires` what the law asks beyond what is known here, in words that follow « peut être saisi »."""

    matter: str
    jurisdiction: str
    tribunal: NationalProsecutor | None = None
    formation: Formation | None = None
    effect: Effect
    priority: int | None = None
    kinds: tuple[Kind, ...] = ()
    requires: str = ""
    verified: bool

    @model_validator(mode="after")
    def _one_recipient(self) -> "SubjectRule":
        if (self.tribunal is None) == (self.formation is None):
            raise ValueError("either a national prosecutor (tribunal) or a formation")
        if self.effect == "decides" and self.requires:
            raise ValueError("a rule that requires what no datum tells can only inform")
        return self


class RuleFile(_Entry):
    """The file as it is written."""

    territorial: tuple[Rule, ...]
    matters: Mapping[RuleId, Matter] = {}
    subject: tuple[SubjectRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject rule with what it names."""

    rule: SubjectRule
    matter: Matter
    jurisdiction: Jurisdiction


class Rules:
    """The rule set. What an offence leads to is worked out when it is first asked for, and kept."""

    def __init__(self, territorial: tuple[Rule, ...], subjects: tuple[Subject, ...], natinf: Natures) -> None:
        self.territorial = territorial
        self.subjects = subjects
        self._natinf = natinf
        self._by_natinf: dict[str, tuple[int, ...]] = {}
        self._by_nataff: dict[str, tuple[int, ...]] = {}

    def about(
        self, natinf: tuple[str, ...], nataff: tuple[str, ...]
    ) -> list[tuple[Subject, tuple[str, ...], tuple[str, ...]]]:
        """The subject rules that a case's codes lead to, in their order, each with the codes that do."""
        matched: dict[int, tuple[list[str], list[str]]] = {}
        for code in natinf:
            for at in self._of_natinf(code):
                matched.setdefault(at, ([], []))[0].append(code)
        for code in nataff:
            for at in self._of_nataff(code):
                matched.setdefault(at, ([], []))[1].append(code)
        return [(self.subjects[at], tuple(found[0]), tuple(found[1])) for at, found in sorted(matched.items())]

    def _of_natinf(self, code: str) -> tuple[int, ...]:
        if code not in self._by_natinf:
            nature = self._natinf.get(code) or Nature(code, "")
            cited = citations(nature.defined_by)
            held = (at for at, subject in enumerate(self.subjects) if subject.matter.holds(nature, cited))
            self._by_natinf[code] = tuple(held)
        return self._by_natinf[code]

    def _of_nataff(self, code: str) -> tuple[int, ...]:
        if code not in self._by_nataff:
            # A code is of its parents' families too: J5 of J.
            family = {code[:end] for end in range(1, len(code) + 1)}
            held = (at for at, subject in enumerate(self.subjects) if family.intersection(subject.matter.nataff))
            self._by_nataff[code] = tuple(held)
        return self._by_nataff[code]


def parse_rules(text: str) -> tuple[RuleFile, TomlLines]:
    """The file's shape alone; raises BrokenReference with the line."""
    lines = TomlLines(text)
    try:
        return RuleFile.model_validate(tomllib.loads(text)), lines
    except tomllib.TOMLDecodeError as error:
        raise BrokenReference(FILE, _line_of(error), "", str(error)) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = "/".join(map(str, first["loc"]))
        raise BrokenReference(FILE, lines.of(first["loc"]), place, first["msg"]) from error


def assemble(file: RuleFile, jurisdictions: Mapping[str, Jurisdiction], natinf: Natures) -> Rules:
    """Rules that were checked, with what they name."""
    # The ones that decide come first, by their priority: of several, the first decides.
    ordered = sorted(file.subject, key=lambda rule: (rule.effect != "decides", rule.priority or 0))
    subjects = tuple(Subject(rule, file.matters[rule.matter], jurisdictions[rule.jurisdiction]) for rule in ordered)
    return Rules(file.territorial, subjects, natinf)


def _line_of(error: tomllib.TOMLDecodeError) -> int:
    _, _, place = str(error).rpartition("(at line ")
    number = place.partition(",")[0]
    return int(number) if number.isdecimal() else 0
