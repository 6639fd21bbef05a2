"""Which figures are drawn, and in which words: months side by side, other groups one beneath the other. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.query.filters import By
from services.query.months import months, written
from services.query.portal import amounts
from services.query.portal.charts import Chart, Entry, Scale, columns, counted, rows, timed

Group = Mapping[str, Any]
# More are in the table, and no longer told apart in a chart.
MOST_MONTHS: Final = 24
MOST_ROWS: Final = 15
DELAYS: Final[Mapping[str, str]] = {
    "numbered": "Jusqu’au numéro",
    "delivered": "Jusqu’à la remise au tribunal",
    "acknowledged": "Jusqu’à la prise en charge",
    "decided": "Jusqu’à la première décision",
}
SHARES: Final[Mapping[str, str]] = {
    "numbered_within_1_s": "Numérotées en une seconde",
    "numbered_within_10_s": "Numérotées en dix secondes",
    "delivered_within_1_min": "Remises au tribunal en une minute",
    "acknowledged_within_1_d": "Prises en charge en 24 heures",
    "acknowledged_within_5_d": "Prises en charge en 5 jours (120 heures)",
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart of all or, where `left_out` are too many for it, of the greatest or the last."""

    chart: Chart
    left_out: int


def label_of(by: By, group: Group) -> str:
    """What people call a group."""
    label: str = group["label"]
    return amounts.month(label) if by is By.MONTH else label


def volumes(shown: Mapping[str, Any]) -> Drawn | None:
    """How many were submitted; None of nothing."""

    def entry(label: str, under: str, group: Group | None) -> Entry:
        whole = f"{label} {under}".rstrip()
        value, urgent = (group["procedures"], group["urgent"]) if group else (0, 0)
        words = amounts.count(value)
        title = f"{whole} : {words}, dont urgentes {amounts.count(urgent)}"
        return Entry(label, value, title, words, under=under)

    return _drawn(shown, entry, counted)


def delays(shown: Mapping[str, Any], name: str) -> Drawn | None:
    """Median and 90th percentile of a delay; None where none got there."""

    def entry(label: str, under: str, group: Group | None) -> Entry:
        whole = f"{label} {under}".rstrip()
        delay = group["delays"][name] if group else {"count": 0, "median": None, "p90": None}
        median, p90 = amounts.duration(delay["median"]), amounts.duration(delay["p90"])
        title = f"{whole} : la moitié en {median}, neuf sur dix en {p90}" if delay["count"] else f"{whole} : aucune"
        return Entry(label, delay["median"], title, median, delay["p90"], under)

    return _drawn(shown, entry, timed)


def _drawn(
    shown: Mapping[str, Any], entry: Callable[[str, str, Group | None], Entry], scale: Callable[[float], Scale]
) -> Drawn | None:
    upright = shown["by"] is By.MONTH
    compared = _months(shown) if upright else _greatest(shown["groups"])
    most = MOST_MONTHS if upright else MOST_ROWS
    kept = compared[-most:] if upright else compared[:most]
    entries = [entry(*one) for one in kept]
    # The value beyond is never the lesser one.
    values = [value for one in entries if (value := one.value if one.beyond is None else one.beyond)]
    if not values:
        return None
    draw = columns if upright else rows
    return Drawn(draw(entries, scale(max(values))), len(compared) - len(kept))


def _months(shown: Mapping[str, Any]) -> list[tuple[str, str, Group | None]]:
    """All of the period, whether or not anything was submitted in them; a year is beneath its months."""
    found = {group["group"]: group for group in shown["groups"]}
    listed = []
    for one in months(shown["from"], shown["to"]):
        code = written(one)
        label, _, year = amounts.month(code).partition(" ")
        listed.append((label, year, found.get(code)))
    return listed


def _greatest(groups: Sequence[Group]) -> list[tuple[str, str, Group | None]]:
    ordered = sorted((group for group in groups if group["procedures"]), key=lambda group: -group["procedures"])
    return [(group["label"], "", group) for group in ordered]
