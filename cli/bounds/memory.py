"""How much memory a service takes on: the most its processes have resident (proc(5)), above what they had before."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_KIB_A_MIB = 1024
# Written to `clear_refs`: the most resident is counted anew.
_COUNT_ANEW = "5"


@contextmanager
def growth(services: Mapping[str, Any]) -> Iterator[dict[str, float]]:
    """By service, filled at the end of the block: MiB, of the replica that grew most."""
    grown: dict[str, float] = {}
    before = {name: [_counted_anew(pid) for pid in service["pids"]] for name, service in services.items()}
    yield grown
    for name, service in services.items():
        grown[name] = round(max(_grown(service["pids"], before[name])) / _KIB_A_MIB, 1)


def _grown(pids: Sequence[int], before: Sequence[int]) -> list[int]:
    return [_resident(pid, "VmHWM") - held for pid, held in zip(pids, before, strict=True)]


def _counted_anew(pid: int) -> int:
    Path(f"/proc/{pid}/clear_refs").write_text(_COUNT_ANEW)
    return _resident(pid, "VmRSS")


def _resident(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1])
