"""What becomes of a rebuild of the view: how far it is, what it came to, or why the view that answers stays."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

MIGRATIONS: Final = Path(__file__).with_name("migrations")


class NotRebuilt(Exception):  # noqa: N818 - nothing broke: the view that answers stays
    """The family."""


class AnotherRebuilds(NotRebuilt):
    """A rebuild of the same view is under way."""


class LettersMoved(NotRebuilt):
    """The dead letters are no longer those that the view was built with."""


class Occupied(NotRebuilt):
    """Readers never left the old tables for the moment that the switch takes."""


@dataclass(eq=False)
class OtherSchema(NotRebuilt):
    """The database is not at the schema of this release."""

    found: str | None
    expected: str


@dataclass(eq=False)
class OtherCluster(NotRebuilt):
    """The view was read from another cluster than the one that answers."""

    read: str
    found: str


@dataclass(eq=False)
class FactsMissing(NotRebuilt):
    """The journal no longer has facts that the view shows, or this release cannot apply them."""

    count: int
    example: str


@dataclass(frozen=True, slots=True)
class Progress:
    """So many of the journal's places are behind; the total grows with the journal."""

    read: int
    total: int


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What the new view holds, and how many records that took."""

    procedures: int
    facts: int
    records: int
