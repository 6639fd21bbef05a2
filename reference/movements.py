"""What became of communes: mergers, new codes, re-establishments, as INSEE publishes them since 1943. Pure.

A code leads to the one commune that took its place, however many steps away; where several share it (a commune that was
split), nothing says which, and it leads nowhere.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from reference.manifest import Folder

FILE: Final = "movements.csv"
HEADER: Final = "mod,date,type_before,code_before,name_before,type_after,code_after,name_after"
PROPER: Final = "COM"
_CODE: Final = re.compile(r"[0-9][0-9AB][0-9]{3}")
KINDS: Final = ("COM", "COMA", "COMD", "ARM")
_KIND: Final = re.compile("|".join(KINDS))
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Movement(NamedTuple):
    """From one commune proper to another, or to itself where it goes on: under a new name, or with a part less."""

    day: dt.date
    before: str
    after: str
    name: str


class Movements:
    """`formers` names the codes that once were a commune's."""

    def __init__(self, movements: Iterable[Movement] = ()) -> None:
        self._leaving: dict[str, dict[dt.date, set[str]]] = {}
        self._days: dict[str, set[dt.date]] = {}
        self._joining: dict[str, set[str]] = {}
        names: dict[str, str] = {}
        for one in sorted(movements):
            self._leaving.setdefault(one.before, {}).setdefault(one.day, set()).add(one.after)
            self._joining.setdefault(one.after, set()).add(one.before)
            for code in (one.before, one.after):
                self._days.setdefault(code, set()).add(one.day)
            names[one.before] = one.name
        self.formers: Mapping[str, str] = MappingProxyType(names)

    def predecessors(self, code: str) -> tuple[str, ...]:
        """The other communes that it was ever made of, whole or in part."""
        return tuple(sorted(self._joining.get(code, set()) - {code}))

    def successor(self, code: str, on: dt.date = dt.date.max) -> str | None:
        """The commune that has the place of `code` on that day: itself while it is in force, None where several do."""
        last = self._last(code, on)
        if last is None or self._in_force(code, last):
            return code
        while last is not None:
            targets = self._leaving[code][last]
            if len(targets) != 1:
                return None
            (code,) = targets
            last = self._next_end(code, last, on)
        # Two movements of one day may contradict each other.
        final = self._last(code, on)
        return code if final is not None and self._in_force(code, final) else None

    def _last(self, code: str, on: dt.date) -> dt.date | None:
        return max((day for day in self._days.get(code, ()) if day <= on), default=None)

    def _in_force(self, code: str, last: dt.date) -> bool:
        """After its last movement: it goes on, or came into being by it."""
        targets = self._leaving.get(code, {}).get(last)
        return targets is None or code in targets

    def _next_end(self, code: str, after: dt.date, on: dt.date) -> dt.date | None:
        """The first day after that one on which it gave way to others."""
        leaving = self._leaving.get(code, {})
        return min((day for day, targets in leaving.items() if after < day <= on and code not in targets), default=None)


def read_movements(folder: Folder) -> Movements:
    """None where the version has no such sheet."""
    if FILE not in folder.manifest.files:
        return Movements()
    table = folder.table(FILE, HEADER)
    found: list[Movement] = []
    for _, day, kind_before, before, name, kind_after, after, _ in table:
        table.match(_CODE, before, "code_before")
        table.match(_CODE, after, "code_after")
        table.match(_KIND, kind_before, "type_before")
        table.match(_KIND, kind_after, "type_after")
        try:
            on = dt.date.fromisoformat(table.match(_DAY, day, "date"))
        except ValueError as error:
            raise table.broken("date", f"{day} is no day") from error
        if kind_before == kind_after == PROPER:
            found.append(Movement(on, before, after, name))
    return Movements(found)
