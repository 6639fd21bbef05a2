"""A colour for each court: never its neighbour's, and as far as can be from the next court of the same colour."""

from collections.abc import Mapping
from math import cos, hypot, inf, radians

from reference.map.outlines import Place

COLOURS = 7  # as many as the page's colour-blind-safe palette has


def colours(touching: Mapping[str, frozenset[str]], seats: Mapping[str, Place]) -> Mapping[str, int]:
    """Greedy, the court with the fewest colours left first; raises ValueError where none is left."""
    chosen: dict[str, int] = {}
    waiting = set(touching)
    while waiting:
        taken = {court: {chosen[near] for near in touching[court] if near in chosen} for court in waiting}
        court = max(waiting, key=lambda court: (len(taken[court]), len(touching[court]), court))
        free = [colour for colour in range(COLOURS) if colour not in taken[court]]
        if not free:
            raise ValueError(f"no colour left for {court}")
        chosen[court] = max(free, key=lambda colour: _nearest(court, colour, chosen, seats))
        waiting.remove(court)
    return chosen


def _nearest(court: str, colour: int, chosen: Mapping[str, int], seats: Mapping[str, Place]) -> float:
    same = (seats[other] for other, its in chosen.items() if its == colour)
    return min((_distance(seats[court], seat) for seat in same), default=inf)


def _distance(one: Place, other: Place) -> float:
    """In thousandths of a degree of latitude, near enough for comparing."""
    narrowing = cos(radians((one[0] + other[0]) / 2000))
    return hypot(one[0] - other[0], narrowing * (one[1] - other[1]))
