"""Figures as JSON answers and as the lines of a table; beside each code stand the words that people read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from infoparquet_contracts.codes import Status

from reference.names import Names
from services.query.filters import By
from services.query.statistics import COUNTS, DELAYS, SHARES, SILENCE, Asking, Delay, Figures, Share, Waiting

_WITHOUT: Final[Mapping[By, str]] = {
    By.TRIBUNAL: "Sans tribunal saisi",
    By.FAMILY: "Sans code NATAFF",
    By.NONE: "Ensemble",
}


_WAITED_IN: Final = tuple(one for one in Status if one not in {Status.DECIDED, Status.CLOSED, Status.WITHDRAWN})
_DELAY, _SHARE, _STANDING = ("count", "median", "p90"), ("count", "of", "share"), ("count", "oldest", "median")
# Of the table: the names of the JSON, joined by points.
COLUMNS: Final = (
    "group",
    "label",
    *COUNTS,
    *(f"delays.{name}.{part}" for name in DELAYS for part in _DELAY),
    *(f"urgency.{part}" for part in ("on_time", "late", "pending")),
    *(f"indicators.{name}.{part}" for name in SHARES for part in _SHARE),
    *(f"waiting.{part}" for part in _STANDING),
    *(f"waiting.statuses.{status}.{part}" for status in _WAITED_IN for part in _STANDING),
    *(f"waiting.without_news_for_{SILENCE.days}_d.{part}" for part in _SHARE),
)


@dataclass(frozen=True, slots=True)
class Labels:
    """What groups are called: courts by their names, families of offences by the labels of their letters."""

    names: Names
    families: Mapping[str, str]

    def of(self, by: By, group: str | None) -> str:
        """An administration and a month are called as they are written."""
        if group is None:
            return _WITHOUT.get(by, "")
        match by:
            case By.TRIBUNAL:
                return self.names.of(group)
            case By.FAMILY:
                return self.families.get(group, group)
            case _:
                return group


def show_figures(asking: Asking, figures: Sequence[Figures], labels: Labels) -> dict[str, Any]:
    """What was asked, and each group."""
    return {
        "from": asking.first,
        "to": asking.last,
        "by": asking.by,
        "at": asking.now,
        # A procedure of several families counts in each.
        "overlapping": asking.by is By.FAMILY,
        "groups": [_show_group(one, labels.of(asking.by, one.group)) for one in figures],
    }


def _show_group(one: Figures, label: str) -> dict[str, Any]:
    return {
        "group": one.group,
        "label": label,
        **one.counts,
        "delays": {name: _show_delay(delay) for name, delay in one.delays.items()},
        "urgency": {"on_time": one.urgency.on_time, "late": one.urgency.late, "pending": one.urgency.pending},
        "indicators": {name: _show_share(share) for name, share in one.shares.items()},
        "waiting": {
            **_show_waiting(one.waiting),
            "statuses": {status: _show_waiting(waiting) for status, waiting in one.by_status.items()},
            "without_news_for_30_d": _show_share(one.without_news),
        },
    }


def _show_delay(delay: Delay) -> dict[str, Any]:
    return {"count": delay.count, "median": delay.median, "p90": delay.p90}


def _show_share(share: Share) -> dict[str, Any]:
    return {"count": share.count, "of": share.of, "share": share.share}


def _show_waiting(waiting: Waiting) -> dict[str, Any]:
    return {"count": waiting.count, "oldest": waiting.oldest, "median": waiting.median}


def table(shown: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A line a group, of what `show_figures` shows; a status in which nothing waits has no values."""
    for group in shown["groups"]:
        values = dict(_flat(group, ""))
        yield {column: values.get(column) for column in COLUMNS}


def _flat(part: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in part.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
