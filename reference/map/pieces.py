"""What looks like a mistake on the map: parts of a court's territory cut off from the rest of it by other courts."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from reference.map.outlines import Border


class Piece(NamedTuple):
    """Communes of `court` that touch one another, not the rest of its territory, but those of the courts `around`."""

    court: str
    communes: tuple[str, ...]
    around: tuple[str, ...]


def detached(borders: Iterable[Border], court_of: Mapping[str, str]) -> tuple[Piece, ...]:
    """By court then commune. Islands are none: nobody lies around them."""
    touching: dict[str, set[str]] = defaultdict(set)
    for commune, neighbour, _ in borders:
        if neighbour:
            touching[commune].add(neighbour)
            touching[neighbour].add(commune)
    by_court: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for piece in _pieces(touching, court_of):
        by_court[court_of[piece[0]]].append(piece)
    found: list[Piece] = []
    for court, pieces in sorted(by_court.items()):
        largest = max(pieces, key=len)
        for piece in pieces:
            beyond = Counter(court_of[other] for commune in piece for other in touching[commune])
            around = tuple(sorted(beyond.keys() - {court}))
            if piece is not largest and around:
                found.append(Piece(court, piece, around))
    return tuple(found)


def _pieces(touching: Mapping[str, set[str]], court_of: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    seen: set[str] = set()
    for start in sorted(touching):
        if start in seen:
            continue
        seen.add(start)
        piece, waiting = [start], [start]
        while waiting:
            for other in touching[waiting.pop()]:
                if other not in seen and court_of[other] == court_of[start]:
                    seen.add(other)
                    piece.append(other)
                    waiting.append(other)
        yield tuple(sorted(piece))
