"""Where a place is on the sheet: the mainland by a conic projection, the Paris region larger, overseas in boxes.

The sheet is 11 600 units wide; on the mainland a unit is a hundred metres.
"""

from collections.abc import Callable, Iterable
from math import cos, log, pi, radians, sin, tan
from typing import Final, NamedTuple

from reference.map.outlines import Place

Spot = tuple[int, int]
Flat = tuple[float, float]

WIDTH: Final = 11600
HEIGHT: Final = 13000
MAINLAND: Final = "metropole"
PARIS: Final = "paris"


class Box(NamedTuple):
    left: int
    top: int
    width: int
    height: int


class Frame(NamedTuple):
    """A part of the sheet: its French label, its box and how a place of it becomes a spot there."""

    key: str
    label: str
    box: Box
    spot: Callable[[Place], Spot]


class _Inset(NamedTuple):
    label: str
    territories: tuple[str, ...]
    box: Box


_INSETS: Final = (
    _Inset("Guadeloupe", ("971",), Box(0, 5650, 2150, 1300)),
    _Inset("Saint-Martin, Saint-Barthélemy", ("977", "978"), Box(0, 7000, 2150, 1100)),
    _Inset("Martinique", ("972",), Box(0, 8150, 2150, 1300)),
    _Inset("Guyane", ("973",), Box(0, 9500, 2150, 1500)),
    _Inset("La Réunion", ("974",), Box(0, 11050, 1880, 1900)),
    _Inset("Mayotte", ("976",), Box(1930, 11050, 1600, 1900)),
    _Inset("Saint-Pierre-et-Miquelon", ("975",), Box(3580, 11050, 2000, 1900)),
    _Inset("Nouvelle-Calédonie", ("988",), Box(5630, 11050, 2200, 1900)),
    _Inset("Polynésie française", ("987",), Box(7880, 11050, 2000, 1900)),
    _Inset("Wallis-et-Futuna", ("986",), Box(9930, 11050, 1650, 1900)),
)
LABEL_HEIGHT: Final = 200
_MARGIN: Final = 60
_PARIS_BOX: Final = Box(0, 0, 2250, 2250)
_PARIS_CENTRE: Final = (48845, 2350)
_PARIS_SCALE: Final = 46.0  # units a kilometre: four and a half times the mainland's


def territory(commune: str) -> str:
    """The key of the frame a commune is drawn in: MAINLAND, or 971 … 988."""
    return commune[:3] if commune[:2] in ("97", "98") else MAINLAND


def frames(places: Iterable[tuple[str, Place]]) -> dict[str, Frame]:
    """By territory, and PARIS besides; `places` are all there are, each with its commune's code."""
    within: dict[str, list[Place]] = {}
    for commune, place in places:
        within.setdefault(territory(commune), []).append(place)
    found = {
        MAINLAND: Frame(MAINLAND, "France métropolitaine", Box(0, 0, WIDTH, 10950), _mainland),
        PARIS: Frame(PARIS, "Paris et petite couronne", _PARIS_BOX, _paris),
    }
    for inset in _INSETS:
        known = [place for key in inset.territories for place in within.get(key, ())]
        spot = _fitting(known, inset.box)
        found.update({key: Frame(key, inset.label, inset.box, spot) for key in inset.territories})
    return found


def _lambert(latitude: float, longitude: float) -> Flat:
    """Kilometres east and south of 46.5° N, 3° E: a conformal cone that cuts the sphere at 44° and 49°, like
    the official Lambert-93 but without the flattening of the Earth, which no eye sees on this sheet."""
    south, north, origin = radians(44), radians(49), radians(46.5)
    cone = log(cos(south) / cos(north)) / log(_stretch(north) / _stretch(south))
    factor = 6371 * cos(south) * _stretch(south) ** cone / cone
    radius = factor / _stretch(radians(latitude)) ** cone
    angle = cone * radians(longitude - 3)
    return radius * sin(angle), radius * cos(angle) - factor / _stretch(origin) ** cone


def _stretch(latitude: float) -> float:
    return tan(pi / 4 + latitude / 2)


def _mainland(place: Place) -> Spot:
    east, south = _lambert(place[0] / 1000, place[1] / 1000)
    return round(10 * (east + 615)), round(10 * (south + 525))


def _paris(place: Place) -> Spot:
    east, south = _lambert(place[0] / 1000, place[1] / 1000)
    centre_east, centre_south = _lambert(_PARIS_CENTRE[0] / 1000, _PARIS_CENTRE[1] / 1000)
    return (
        round(_PARIS_BOX.width / 2 + _PARIS_SCALE * (east - centre_east)),
        round((_PARIS_BOX.height + LABEL_HEIGHT) / 2 + _PARIS_SCALE * (south - centre_south)),
    )


def _fitting(places: list[Place], box: Box) -> Callable[[Place], Spot]:
    """Parallels and meridians as a grid of straight lines, as large as the box allows."""
    bottom, top = min(place[0] for place in places), max(place[0] for place in places)
    left, right = min(place[1] for place in places), max(place[1] for place in places)
    narrowing = cos(radians((bottom + top) / 2000))
    scale = min(
        (box.width - 2 * _MARGIN) / ((right - left) * narrowing),
        (box.height - LABEL_HEIGHT - 2 * _MARGIN) / (top - bottom),
    )
    middle = box.left + box.width / 2
    centre = box.top + (box.height + LABEL_HEIGHT) / 2

    def spot(place: Place) -> Spot:
        east = (place[1] - (left + right) / 2) * narrowing
        return round(middle + scale * east), round(centre - scale * (place[0] - (bottom + top) / 2))

    return spot
