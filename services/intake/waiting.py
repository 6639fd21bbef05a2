"""How long a caller wishes to wait (RFC 7240)."""

import re
from collections.abc import Sequence

LONGEST_WAIT = 10

_WAIT = re.compile(r'wait\s*=\s*(?:([0-9]{1,6})|"([0-9]{1,6})")\s*(?:;.*)?', re.IGNORECASE)


def wished_wait(prefer: Sequence[str]) -> int:
    """Seconds of the first `wait` among the values of `Prefer`, 10 at most; 0 where there is none that can be read."""
    for preference in ",".join(prefer).split(","):
        wish = _WAIT.fullmatch(preference.strip())
        if wish:
            return min(int(wish[1] or wish[2]), LONGEST_WAIT)
    return 0
