"""Charts as places in a frame, which templates write as SVG. Pure.

What runs across is in percent of the frame, so that a chart is as wide as its column while its letters keep their size;
what runs down is in pixels. Nothing lies outside the frame.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

from services.query.portal.amounts import count, duration

# Down: room above, of the bars themselves, and for the words beneath.
_ABOVE, _TALL, _BENEATH = 12.0, 180.0, 44.0
# Across: columns stand between the scale's words and room for half a label, and take so much of their places.
_LEFT, _RIGHT, _FILLED = 15.0, 97.0, 0.6
# Of a row: its words, its bar; across, the scale ends where the values' words begin.
_ROW, _WORDS, _THICK, _END = 46.0, 14.0, 16.0, 76.0
# Letters that a phone has room for.
_LONGEST: Final = 48
_MOST_TICKS: Final = 4
_TIMES: Final = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
    10_800, 21_600, 43_200, 86_400,
)  # fmt: skip
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Entry:
    """A value, and one beyond it, under a label; `title` says both in words, `under` is what the label is part of."""

    label: str
    value: float | None
    title: str
    shown: str = ""
    beyond: float | None = None
    under: str = ""


@dataclass(frozen=True, slots=True)
class Scale:
    """From 0 to `top`, with words at some of its values."""

    top: float
    ticks: Sequence[tuple[float, str]]

    def part(self, value: float) -> float:
        """How far up it is: from 0 to 1."""
        return min(1.0, max(0.0, value / self.top))


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the scale."""

    at: float
    words: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A bar from the scale's 0 to `end`, and where the value beyond is; None of nothing."""

    entry: Entry
    start: float
    breadth: float
    end: float | None
    beyond: float | None

    @property
    def middle(self) -> float:
        """Of its breadth."""
        return self.start + self.breadth / 2

    @property
    def words(self) -> str:
        """The label, where it is not too long."""
        label = self.entry.label
        return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1].rstrip()}…"


@dataclass(frozen=True, slots=True)
class Chart:
    """`height` in pixels; columns rise from `base`, rows run from 0 and their words are `lift` above them."""

    upright: bool
    height: float
    base: float
    marks: Sequence[Mark]
    ticks: Sequence[Tick]
    lift: float = 6.0


def columns(entries: Sequence[Entry], scale: Scale) -> Chart:
    """One beside the other: `start` and `breadth` are percent, the rest pixels from above."""
    place = (_RIGHT - _LEFT) / max(1, len(entries))
    base = _ABOVE + _TALL

    def at(value: float | None) -> float | None:
        return None if value is None else base - _TALL * scale.part(value)

    marks = [
        Mark(one, _LEFT + place * (n + (1 - _FILLED) / 2), place * _FILLED, at(one.value), at(one.beyond))
        for n, one in enumerate(entries)
    ]
    ticks = [Tick(base - _TALL * scale.part(value), words) for value, words in scale.ticks]
    return Chart(True, base + _BENEATH, base, marks, ticks)


def rows(entries: Sequence[Entry], scale: Scale) -> Chart:
    """One beneath the other: `start` and `breadth` are pixels, the rest percent from the left."""

    def at(value: float | None) -> float | None:
        return None if value is None else _END * scale.part(value)

    base = _ROW * len(entries)
    marks = [Mark(one, _ROW * n + _WORDS + 8, _THICK, at(one.value), at(one.beyond)) for n, one in enumerate(entries)]
    ticks = [Tick(_END * scale.part(value), words) for value, words in scale.ticks]
    return Chart(False, base + 24, base, marks, ticks)


def counted(most: float) -> Scale:
    """Of whole numbers."""
    step = 1
    while ceil(most / step) > _MOST_TICKS:
        # 1, 2, 5, 10, 20…
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    return _scale(step, most, count)


def timed(most: float) -> Scale:
    """Of seconds, at the minutes, hours and days that people count in."""
    fitting = (one for one in _TIMES if ceil(most / one) <= _MOST_TICKS)
    step = next(fitting, None) or _DAY * counted(most / _DAY).ticks[1][0]
    return _scale(step, most, duration)


def _scale(step: float, most: float, words: Callable[[Any], str]) -> Scale:
    steps = max(1, ceil(most / step))
    return Scale(step * steps, [(step * n, words(step * n) if n else "0") for n in range(steps + 1)])
