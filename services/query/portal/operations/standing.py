"""What waits in each service, in words: how many letters, how far behind its reading is. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Rows = Sequence[Mapping[str, Any]]
# What one look counts; beyond, it is said that there are more.
COUNTED: Final = 100


@dataclass(frozen=True, slots=True)
class Reading:
    """A service's partitions: those that are behind, the one that waits longest first, and the others."""

    behind: Rows
    abreast: Rows

    @property
    def lag(self) -> int:
        """Of all its partitions together."""
        return sum(int(one["lag"]) for one in self.behind)

    @property
    def oldest(self) -> float:
        """Seconds that the oldest event waits to be read; 0 where none does."""
        return max((float(one["oldest_unread_seconds"]) for one in self.behind), default=0.0)


def reading_of(positions: Rows) -> Reading:
    """Told apart, and in order."""
    ordered = sorted(positions, key=lambda one: (-float(one["oldest_unread_seconds"]), one["topic"], one["partition"]))
    return Reading([one for one in ordered if one["lag"]], [one for one in ordered if not one["lag"]])


def counted(page: Mapping[str, Any], name: str) -> str:
    """« 3 », or « plus de 100 » of a page that is not the last."""
    count = len(page[name])
    return f"plus de {count}" if page.get("next") else str(count)
