"""The borders between communes and each commune's point, and the courts' outlines that follow from them.

A place is (latitude, longitude) in thousandths of a degree, about a hundred metres. Borders are shared: the two
communes on either side have the very same line, so the outline of a court is the lines with another court beyond.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from reference.communes import COMMUNE_CODE
from reference.manifest import Folder

BORDERS: Final = "commune_borders.csv"
POINTS: Final = "commune_points.csv"

_SIDE = re.compile(rf"{COMMUNE_CODE.pattern}|9[78][0-9]")
_LINE = re.compile(r"[?-~]+")
_DEGREES = re.compile(r"-?[0-9]{1,3}\.[0-9]{3}")

Place = tuple[int, int]
Line = tuple[Place, ...]


class Border(NamedTuple):
    """A stretch of a commune's outline, in the order of a walk around `commune`; `neighbour` is "" at the coast and
    abroad. Overseas, where communes have no outlines, `commune` is the territory's code: 988 and not 98818."""

    commune: str
    neighbour: str
    line: Line


def read_borders(folder: Folder) -> tuple[Border, ...]:
    table = folder.table(BORDERS, "commune,neighbour,line")
    return tuple(
        Border(
            table.match(_SIDE, commune, "commune"),
            neighbour and table.match(_SIDE, neighbour, "neighbour"),
            tuple(_decoded(table.match(_LINE, line, "line"))),
        )
        for commune, neighbour, line in table
    )


def read_points(folder: Folder) -> Mapping[str, Place]:
    table = folder.table(POINTS, "code_insee,lat,lon")
    return {
        table.match(COMMUNE_CODE, code, "code_insee"): (
            round(1000 * float(table.match(_DEGREES, latitude, "lat"))),
            round(1000 * float(table.match(_DEGREES, longitude, "lon"))),
        )
        for code, latitude, longitude in table
    }


def outlines(borders: Iterable[Border], court_of: Mapping[str, str]) -> Mapping[str, tuple[Line, ...]]:
    """The rings around each court's territory: the outer ones and the holes, in the order of the borders."""
    walks: dict[str, list[Line]] = defaultdict(list)
    for commune, neighbour, line in borders:
        court, beyond = court_of[commune], court_of.get(neighbour)
        if court != beyond:
            walks[court].append(line)
            if beyond is not None:
                walks[beyond].append(line[::-1])
    return {court: tuple(_rings(lines)) for court, lines in sorted(walks.items())}


def neighbours(borders: Iterable[Border], court_of: Mapping[str, str]) -> Mapping[str, frozenset[str]]:
    """The courts that share a border with each court; a court of an island alone has none."""
    found: dict[str, set[str]] = {court: set() for court in court_of.values()}
    for commune, neighbour, _ in borders:
        court, beyond = court_of[commune], court_of.get(neighbour)
        if beyond is not None and court != beyond:
            found[court].add(beyond)
            found[beyond].add(court)
    return {court: frozenset(beyond) for court, beyond in found.items()}


def _rings(lines: list[Line]) -> Iterator[Line]:
    """Joins the lines end to start until each walk comes back to where it began."""
    starting: dict[Place, list[int]] = defaultdict(list)
    for at, line in enumerate(lines):
        starting[line[0]].append(at)
    used: set[int] = set()
    for at, line in enumerate(lines):
        if at in used:
            continue
        used.add(at)
        ring = list(line)
        while ring[-1] != ring[0]:
            following = next((other for other in starting[ring[-1]] if other not in used), None)
            if following is None:
                raise ValueError(f"an outline stops at {ring[-1]}")
            used.add(following)
            ring.extend(lines[following][1:])
        yield tuple(ring)


def _decoded(text: str) -> Iterator[Place]:
    """The published « encoded polyline » format, with three decimals."""
    values = _numbers(text)
    latitude = longitude = 0
    for north in values:
        latitude += north
        longitude += next(values)
        yield latitude, longitude


def _numbers(text: str) -> Iterator[int]:
    value = shift = 0
    for character in text:
        bits = ord(character) - 63
        value |= (bits & 31) << shift
        shift += 5
        if bits < 32:
            yield ~(value >> 1) if value & 1 else value >> 1
            value = shift = 0
