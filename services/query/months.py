"""The months of a period. Pure."""

from datetime import date


def months(first: date, last: date) -> list[date]:
    """The first day of each month that has a day of the period."""
    whole = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [date(one // 12, one % 12 + 1, 1) for one in whole]


def written(month: date) -> str:
    """2026-11, as figures have it."""
    return f"{month:%Y-%m}"
