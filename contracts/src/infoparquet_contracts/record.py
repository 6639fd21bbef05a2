"""A record as any Kafka client has it: bytes, and what stands in its headers."""

from collections.abc import Sequence
from dataclasses import dataclass

Headers = Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class Record:
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]

    @property
    def size(self) -> int:
        """Bytes of key, value and headers together: what the limit of an event counts."""
        return len(self.key) + len(self.value) + sum(len(name) + len(value) for name, value in self.headers)
