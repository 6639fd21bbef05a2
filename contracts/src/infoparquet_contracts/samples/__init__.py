"""Golden samples: for each type of event and each version, named cases of one coherent story, as they are published."""

from collections.abc import Mapping
from types import MappingProxyType

from infoparquet_contracts.registry import MODELS

from . import court, dead_letters, journal, notifications, replies
from .story import Sample

_EVERY = (*journal.SAMPLES, *notifications.SAMPLES, *court.SAMPLES, *replies.SAMPLES, *dead_letters.SAMPLES)
# By `ce_type`, in the registry's order.
SAMPLES: Mapping[str, tuple[Sample, ...]] = MappingProxyType(
    {kind: tuple(one for one in _EVERY if one.event.type == kind) for kind in MODELS}
)
