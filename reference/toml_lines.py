"""Where a table of a TOML file stands, which the reader of the standard library does not say."""

import re
from collections.abc import Sequence

_HEADER = re.compile(r"\s*\[{1,2}\s*([^\]]+?)\s*\]{1,2}\s*(?:#.*)?$")


class TomlLines:
    """Lines from 1; 0 for what cannot be found."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._headers = [
            (number, found[1]) for number, line in enumerate(self._lines, start=1) if (found := _HEADER.match(line))
        ]

    def of(self, path: Sequence[str | int]) -> int:
        """The line of `("subject", 2, "effect")` or `("matters", "cyber")`: its key's, else its table's."""
        nth = path[1] if len(path) > 1 and isinstance(path[1], int) else 0
        name = ".".join(part for part in path[:2] if isinstance(part, str))
        starts = [number for number, header in self._headers if header == name]
        if nth >= len(starts):
            return 0
        start = starts[nth]
        end = next((number for number, _ in self._headers if number > start), len(self._lines) + 1)
        key = next((part for part in path[2:] if isinstance(part, str)), None)
        if key is not None:
            for number in range(start, end):
                if re.match(rf"\s*{re.escape(key)}\s*=", self._lines[number - 1]):
                    return number
        return start
