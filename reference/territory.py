"""Which court each commune belongs to, and the places where that is not the whole truth.

Delegated and associated communes and the arrondissements of Paris, Lyon and Marseille have rows of their own in
competence.csv, with the court of the commune they belong to; one without a row would follow that commune too.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Final, NamedTuple

from reference.communes import Commune, Communes
from reference.courts import Court, Courts
from reference.manifest import Folder
from reference.table import BrokenReference, Table

FILE: Final = "competence.csv"
EXCEPTIONS: Final = "competence_exceptions.csv"

_HEADER: Final = "code_insee,code_tj,code_ca,origine"
_EXCEPTION_HEADER: Final = "nature,zone,code_tj,codes_insee,tj_verifie,communes_verifiees,note"
_ORIGIN = re.compile(r"[a-z0-9_+]+(?::[0-9][0-9AB][0-9]{3})?")
INHERITED: Final = "herite_parent:"
GONE: Final = "_commune_disparue"
_NATURES: Final = ("emprise", "doute", "transfert")


class Attachment(NamedTuple):
    """A commune's court; `inherited_from` is the commune it belongs to, where the court is that one's; `origin` how
    that is known, in the words of competence.csv."""

    court: Court
    inherited_from: str | None
    origin: str


class Zone(NamedTuple):
    """Part of a commune that belongs to another court than the rest: the precincts of an aerodrome."""

    name: str
    court: Court


@dataclass(frozen=True, slots=True)
class Attachments:
    """competence.csv as read; `gone` are communes that exist no more, and so are in no other file."""

    by_commune: Mapping[str, Attachment]
    gone: tuple[str, ...]


@dataclass(frozen=True)
class Territory:
    """Each commune's court, and the communes for which that is not the whole truth."""

    by_commune: Mapping[str, Attachment]
    zones: Mapping[str, tuple[Zone, ...]]
    doubtful: frozenset[str]

    @cached_property
    def divided(self) -> frozenset[str]:
        """The communes that an aerodrome cuts between two courts: the commune alone does not say which."""
        return frozenset(
            commune
            for commune, zones in self.zones.items()
            if any(zone.court != self.by_commune[commune].court for zone in zones if commune in self.by_commune)
        )

    def attachment(self, commune: str) -> Attachment | None:
        return self.by_commune.get(commune)


def read_attachments(folder: Folder, courts: Courts) -> Attachments:
    table = folder.table(FILE, _HEADER)
    # Checked, and made, once for all of the 37 000 rows that say the same of different communes.
    shared: dict[tuple[str, str, str], Attachment] = {}
    by_commune: dict[str, Attachment] = {}
    gone: list[str] = []
    for commune, *said in table:
        if commune in by_commune:
            raise table.broken("code_insee", f"{commune} is there twice")
        key = (said[0], said[1], said[2])
        attachment = shared.get(key)
        if attachment is None:
            attachment = shared[key] = _attachment(table, key, courts)
        if attachment.origin.endswith(GONE):
            gone.append(commune)
        by_commune[commune] = attachment
    return Attachments(MappingProxyType(by_commune), tuple(gone))


def _attachment(table: Table, said: tuple[str, str, str], courts: Courts) -> Attachment:
    code_tj, code_ca, origin = said
    table.match(_ORIGIN, origin, "origine")
    court = courts.by_code_tj.get(code_tj)
    if court is None:
        raise table.broken("code_tj", f"{code_tj} is no court")
    if court.code_ca != code_ca:
        raise table.broken("code_ca", f"{code_ca} is not the court of appeal of {code_tj}")
    kind, _, parent = origin.partition(":")
    return Attachment(court, parent if f"{kind}:" == INHERITED else None, kind)


def read_territory(folder: Folder, attachments: Attachments, communes: Communes, courts: Courts) -> Territory:
    _check_known(attachments, communes)
    table = folder.table(EXCEPTIONS, _EXCEPTION_HEADER)
    zones: dict[str, tuple[Zone, ...]] = {}
    doubtful: set[str] = set()
    for nature, name, code_tj, codes, *_ in table:
        if nature not in _NATURES:
            raise table.broken("nature", f"{nature!r} is none of {', '.join(_NATURES)}")
        court = courts.by_code_tj.get(code_tj)
        if court is None:
            raise table.broken("code_tj", f"{code_tj} is no court")
        for commune in _communes(table, codes, communes):
            if nature == "emprise":
                zones[commune] = (*zones.get(commune, ()), Zone(name, court))
            elif nature == "doute":
                doubtful.add(commune)
    by_commune = {**_following_parents(communes.by_code.values(), attachments.by_commune), **attachments.by_commune}
    return Territory(MappingProxyType(by_commune), MappingProxyType(zones), frozenset(doubtful))


def _communes(table: Table, codes: str, communes: Communes) -> list[str]:
    known = codes.split("|") if codes else []
    for code in known:
        if code not in communes:
            raise table.broken("codes_insee", f"{code} is no commune")
    return known


def _following_parents(communes: Iterable[Commune], by_commune: Mapping[str, Attachment]) -> dict[str, Attachment]:
    """The communes without a row whose own commune has one."""
    return {
        commune.code: Attachment(by_commune[commune.parent].court, commune.parent, INHERITED.rstrip(":"))
        for commune in communes
        if commune.parent is not None and commune.parent in by_commune and commune.code not in by_commune
    }


def _check_known(attachments: Attachments, communes: Communes) -> None:
    for line, commune in enumerate(attachments.by_commune, start=2):
        if commune not in communes.by_code:
            raise BrokenReference(FILE, line, "code_insee", f"{commune} is no commune, and not marked as gone")
