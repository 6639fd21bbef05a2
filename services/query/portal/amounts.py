"""Counts, shares, months and how long things took, as people read them. Pure."""

from typing import Final

_NARROW: Final = "\u202f"
_FIXED: Final = "\u00a0"
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
# Up to these seconds, what is small beside them is said too.
_MINUTES_WITH_SECONDS, _DAYS_WITH_HOURS = 10 * _MINUTE, 10 * _DAY
_MONTHS: Final = (
    "janv.", "févr.", "mars", "avril", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.",
)  # fmt: skip


def count(value: int) -> str:
    """« 12 340 »."""
    return f"{value:,}".replace(",", _NARROW)


def share(value: float | None) -> str:
    """« 87,5 % », of a part from 0 to 1; what is nearly all is not said to be all."""
    if value is None:
        return "–"
    shown = min(round(value * 100, 1), 99.9) if value < 1 else 100.0
    return f"{shown:.1f}".removesuffix(".0").replace(".", ",") + f"{_NARROW}%"


def duration(seconds: float | None) -> str:
    """« 0,41 s », « 3 min 20 s », « 2 h 10 min », « 4 j 3 h », « 41 j »."""
    if seconds is None:
        return "–"
    # From there on it is ten.
    if seconds < 9.95:
        return f"{seconds:.2g}".replace(".", ",") + f"{_FIXED}s"
    for limit, step in ((_MINUTE, 1), (_MINUTES_WITH_SECONDS, 1), (_DAY, _MINUTE), (_DAYS_WITH_HOURS, _HOUR)):
        whole = round(seconds / step) * step
        if whole < limit:
            return _spoken(whole)
    return f"{count(round(seconds / _DAY))}{_FIXED}j"


def _spoken(seconds: int) -> str:
    units = ((_DAY, "j"), (_HOUR, "h"), (_MINUTE, "min"), (1, "s"))
    parts = []
    for size, name in units:
        whole, seconds = divmod(seconds, size)
        if whole:
            parts.append(f"{whole}{_FIXED}{name}")
    return _FIXED.join(parts)


def month(code: str) -> str:
    """« nov. 2026 » of 2026-11."""
    year, _, number = code.partition("-")
    return f"{_MONTHS[int(number) - 1]} {year}"
