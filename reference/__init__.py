"""Reference data that the services read: communes, courts, competence, offences, dated and with their sources.

A broken file is refused with its file, line and column; what was read never changes afterwards.
"""

from reference.bundle import Reference, default_url, load
from reference.table import BrokenReference

__all__ = ["BrokenReference", "Reference", "default_url", "load"]
