"""The certificates that this process trusts when it calls others."""

import ssl
from functools import cache


@cache
def trusted() -> ssl.SSLContext:
    """The system's authorities. Read once a process: that takes longer than a call."""
    return ssl.create_default_context()
