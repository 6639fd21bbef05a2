"""What is drawn, in the sheet's units: each court's shape, seat and colour, each commune's spot, the marks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from reference.bundle import Reference
from reference.communes import Commune
from reference.courts import Court
from reference.manifest import Folder
from reference.map.colouring import colours
from reference.map.frames import LABEL_HEIGHT, MAINLAND, PARIS, Frame, Spot, frames, territory
from reference.map.outlines import Border, Line, neighbours, outlines, read_borders, read_points
from reference.map.pieces import Piece, detached


class Shape(NamedTuple):
    """A court on the sheet; `path` is SVG, and so is `enlarged`, its part in the Paris inset ("" elsewhere)."""

    court: Court
    colour: int
    seat: Spot
    path: str
    enlarged: str
    communes: int


class Placed(NamedTuple):
    """A commune; `spot` is None where nobody gave us its coordinates."""

    commune: Commune
    court: str
    spot: Spot | None


@dataclass(frozen=True, slots=True)
class Sheet:
    shapes: tuple[Shape, ...]
    communes: tuple[Placed, ...]
    pieces: tuple[Piece, ...]
    frames: tuple[Frame, ...]
    enlarged_seats: Mapping[str, Spot]


def draw(reference: Reference, folder: Folder) -> Sheet:
    """Raises ValueError where a court has no outline, its seat no coordinates, or an outline no court."""
    borders, points = read_borders(folder), read_points(folder)
    court_of = _courts(reference, borders)
    parts = frames([*((border.commune, place) for border in borders for place in border.line), *points.items()])
    rings = {part: outlines(lines, court_of) for part, lines in _by_part(borders).items()}
    seats = {court.code: points[court.seat] for court in reference.courts.values()}
    colour = colours(neighbours(borders, court_of), seats)
    placed = tuple(
        Placed(reference.communes.by_code[code], attachment.court.code, _spot(parts, code, points))
        for code, attachment in sorted(reference.territory.by_commune.items())
    )
    counts = _counted(placed)
    shapes = tuple(
        Shape(
            court,
            colour[court.code],
            parts[territory(court.seat)].spot(seats[court.code]),
            "".join(_path(parts[part], courts.get(court.code, ())) for part, courts in rings.items()),
            _path(parts[PARIS], _shown(parts[PARIS], rings[MAINLAND].get(court.code, ()))),
            counts[court.code],
        )
        for court in sorted(reference.courts.values(), key=lambda court: court.code)
    )
    enlarged = {court: parts[PARIS].spot(place) for court, place in seats.items()}
    return Sheet(
        shapes,
        placed,
        detached(borders, court_of),
        tuple({frame.label: frame for frame in parts.values()}.values()),
        {court: spot for court, spot in enlarged.items() if _inside(parts[PARIS], spot)},
    )


def _courts(reference: Reference, borders: Iterable[Border]) -> Mapping[str, str]:
    """The court of each side of a border: a commune, or a territory that is one court's as a whole."""
    found: dict[str, str] = {}
    by_commune = reference.territory.by_commune
    for side in sorted({side for border in borders for side in border[:2] if side}):
        if side in by_commune:
            found[side] = by_commune[side].court.code
            continue
        courts = {its.court.code for commune, its in by_commune.items() if commune.startswith(side)}
        if len(side) != 3 or len(courts) != 1:
            raise ValueError(f"{side} has an outline and {len(courts)} courts")
        found[side] = courts.pop()
    return found


def _by_part(borders: Iterable[Border]) -> Mapping[str, tuple[Border, ...]]:
    parts: dict[str, list[Border]] = {}
    for border in borders:
        parts.setdefault(territory(border.commune), []).append(border)
    return {part: tuple(its) for part, its in sorted(parts.items())}


def _spot(parts: Mapping[str, Frame], code: str, points: Mapping[str, tuple[int, int]]) -> Spot | None:
    place = points.get(code)
    return place and parts[territory(code)].spot(place)


def _counted(placed: Iterable[Placed]) -> Mapping[str, int]:
    """Communes proper of each court."""
    counts: dict[str, int] = {}
    for commune, court, _ in placed:
        counts[court] = counts.get(court, 0) + (commune.kind == "COM")
    return counts


def _inside(frame: Frame, spot: Spot) -> bool:
    left, top, width, height = frame.box
    return left <= spot[0] <= left + width and top + LABEL_HEIGHT <= spot[1] <= top + height


def _shown(frame: Frame, rings: Iterable[Line]) -> tuple[Line, ...]:
    """The rings of which something is in the box; the page cuts off the rest."""
    return tuple(ring for ring in rings if any(_inside(frame, frame.spot(place)) for place in ring))


def _path(frame: Frame, rings: Iterable[Line]) -> str:
    return "".join(_ring(frame, ring) for ring in rings)


def _ring(frame: Frame, ring: Line) -> str:
    x, y = frame.spot(ring[0])
    steps = [f"M{x} {y}l"]
    for place in ring[1:-1]:
        next_x, next_y = frame.spot(place)
        if (next_x, next_y) != (x, y):
            steps.append(f"{next_x - x} {next_y - y} ")
            x, y = next_x, next_y
    return "".join(steps).replace(" -", "-").rstrip() + "z"
