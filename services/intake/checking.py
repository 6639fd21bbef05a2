"""Checks a submission against what is known today: the communes, the offences, the calendar. Pure.

An error refuses; a remark is told with the answer and refuses nothing.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from rapidfuzz import process
from rapidfuzz.distance import OSA

from chassis.problems import FieldError
from reference.communes import Commune, Communes
from reference.offences import Natures, natinf_code
from services.intake.submission import Submission

OLDEST = date(1900, 1, 1)
SUGGESTED = 3
PRECINCTS_UNKNOWN = (
    "L’emprise d’un aérodrome partage cette commune entre deux tribunaux : indiquez si le lieu s’y trouve (true) ou "
    "non (false) ; sans cela un opérateur devra désigner le tribunal."
)
# Looking for the nearest communes takes 3 ms each.
MOST_SUGGESTING = 5


@dataclass(frozen=True, slots=True)
class Remark:
    """Something the sender should know; `code` is for programs."""

    pointer: str
    code: str
    detail: str

    def as_json(self) -> dict[str, Any]:
        """As it stands among an answer's `warnings`."""
        return {"pointer": self.pointer, "code": self.code, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class Findings:
    errors: tuple[FieldError, ...]
    remarks: tuple[Remark, ...]


class Checks:
    """The checks, with the reference data they rest on."""

    def __init__(self, communes: Communes, divided: Collection[str], natinf: Natures, nataff: Natures) -> None:
        self._communes = communes
        self._divided = divided
        self._natinf = natinf
        self._nataff = nataff
        self._nearest = lru_cache(maxsize=1024)(communes.nearest)

    def check(self, submission: Submission, today: date) -> Findings:
        """What is wrong with it and what is worth a remark; `today` is the day in Paris."""
        found = [
            *_dates(submission, today),
            *_subject(submission),
            *self._places(submission),
            *_codes("natinf", [natinf_code(code) for code in submission.natinf], self._natinf),
            *_codes("nataff", submission.nataff, self._nataff),
        ]
        return Findings(
            tuple(one for one in found if isinstance(one, FieldError)),
            tuple(one for one in found if isinstance(one, Remark)),
        )

    def _places(self, submission: Submission) -> Iterator[FieldError | Remark]:
        unknown = 0
        for index, place in enumerate(submission.places):
            if place.commune is None:
                if not (place.text or "").strip():
                    yield FieldError(f"/places/{index}/text", "Sans commune, le lieu doit être décrit.")
            elif place.commune not in self._communes:
                unknown += 1
                near = self._nearest(place.commune, SUGGESTED) if unknown <= MOST_SUGGESTING else ()
                yield FieldError(f"/places/{index}/commune", _unknown_commune(near), [commune.code for commune in near])
            elif place.commune in self._divided and place.aerodrome is None:
                yield Remark(f"/places/{index}/aerodrome", "precincts-unknown", PRECINCTS_UNKNOWN)


def _unknown_commune(near: tuple[Commune, ...]) -> str:
    names = ", ".join(f"{commune.name} ({commune.code})" for commune in near)
    return "Aucune commune n’a ce code INSEE" + (f" ; les plus proches : {names}." if near else ".")


def _dates(submission: Submission, today: date) -> Iterator[FieldError | Remark]:
    facts = submission.facts
    # Tomorrow in Paris has begun in Nouméa.
    latest = today + timedelta(days=1)
    for name, day in (("from", facts.from_), ("to", facts.to)):
        if day is not None and day > latest:
            yield FieldError(f"/facts/{name}", "Cette date est dans l’avenir.")
        if day is not None and day < OLDEST:
            yield FieldError(f"/facts/{name}", "Cette date est antérieure à 1900.")
    if facts.from_ is not None and facts.to is not None and facts.from_ > facts.to:
        yield FieldError("/facts/to", "La fin des faits précède leur début.")
    if submission.urgency is not None and submission.urgency.until is not None and submission.urgency.until < today:
        yield Remark("/urgency/until", "urgency-past", "Cette échéance est déjà passée.")
    for index, person in enumerate(submission.persons):
        if person.birth_date is not None and person.birth_date > latest.isoformat():
            yield FieldError(f"/persons/{index}/birth_date", "Cette date est dans l’avenir.")


def _subject(submission: Submission) -> Iterator[FieldError]:
    if not (submission.natinf or submission.nataff or (submission.facts.summary or "").strip()):
        yield FieldError("/facts/summary", "Indiquez au moins un code NATINF, un code NATAFF ou un résumé des faits.")


def _codes(name: str, codes: list[str] | tuple[str, ...], known: Natures) -> Iterator[FieldError | Remark]:
    for index, code in enumerate(codes):
        if code in known:
            continue
        pointer = f"/{name}/{index}"
        if known.complete:
            near = process.extract(code, known.keys(), scorer=OSA.distance, score_cutoff=2, limit=SUGGESTED)
            yield FieldError(pointer, f"Ce code {name.upper()} n’existe pas.", [other for other, _, _ in near])
        else:
            detail = f"Ce code {name.upper()} n’est pas dans notre liste, qui est incomplète ; vérifiez-le."
            yield Remark(pointer, f"unknown-{name}", detail)
