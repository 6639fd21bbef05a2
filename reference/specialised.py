"""The specialised jurisdictions: where they sit, which courts of appeal they cover, since when, how sure that is."""

import datetime as dt
from collections.abc import Mapping
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from reference.courts import Court, Courts
from reference.manifest import Folder
from reference.table import BrokenReference

FILE: Final = "specialised.json"


class Seat(NamedTuple):
    """`sure` where the seat was read in a source at hand; `courts_of_appeal` are the Ministry's codes."""

    court: Court
    courts_of_appeal: frozenset[str]
    sure: bool


class Jurisdiction(NamedTuple):
    """`since` and `until` are None where the law that made or ended it is not dated in our source; `national` where one
    seat covers every court of appeal."""

    code: str
    name: str
    seats: tuple[Seat, ...]
    since: dt.date | None
    until: dt.date | None
    national: bool

    def exists(self, on: dt.date) -> bool:
        return (self.since is None or self.since <= on) and (self.until is None or on <= self.until)

    def seat(self, court_of_appeal: str) -> Seat | None:
        """The seat for a court of appeal, None where the jurisdiction does not reach it."""
        return next((seat for seat in self.seats if court_of_appeal in seat.courts_of_appeal), None)


class _Sheet(BaseModel):
    """A part of the file: what it says in words is for people, and not read here."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Seat(_Sheet):
    code_tj: str
    ressort_ca: tuple[str, ...]
    verified: bool | None = None


class _Jurisdiction(_Sheet):
    code: str
    nom: str
    sieges: tuple[_Seat, ...]
    verified: bool
    since: dt.date | None = Field(default=None, alias="depuis")
    until: dt.date | None = Field(default=None, alias="jusqua")


class _File(_Sheet):
    juridictions: tuple[_Jurisdiction, ...]


def read_jurisdictions(folder: Folder, courts: Courts) -> Mapping[str, Jurisdiction]:
    """By code; raises BrokenReference for a seat or a court of appeal that is none."""
    sheet = folder.document(FILE, TypeAdapter(_File))
    appeals = {court.code_ca for court in courts.values()}
    found: dict[str, Jurisdiction] = {}
    for at, one in enumerate(sheet.juridictions):
        if one.code in found:
            raise BrokenReference(FILE, 0, f"juridictions/{at}/code", f"{one.code} is there twice")
        seats = tuple(_seat(one, number, courts, appeals) for number in range(len(one.sieges)))
        national = len(seats) == 1 and seats[0].courts_of_appeal == appeals
        found[one.code] = Jurisdiction(one.code, one.nom, seats, one.since, one.until, national)
    folder.require_rows(FILE, len(found))
    return found


def _seat(one: _Jurisdiction, number: int, courts: Courts, appeals: set[str]) -> Seat:
    seat = one.sieges[number]
    place = f"{one.code}/sieges/{number}"
    court = courts.by_code_tj.get(seat.code_tj)
    if court is None:
        raise BrokenReference(FILE, 0, f"{place}/code_tj", f"{seat.code_tj} is no court")
    unknown = [code for code in seat.ressort_ca if code not in appeals]
    if unknown:
        raise BrokenReference(FILE, 0, f"{place}/ressort_ca", f"{unknown[0]} is no court of appeal")
    sure = one.verified if seat.verified is None else seat.verified
    return Seat(court, frozenset(seat.ressort_ca), sure)
