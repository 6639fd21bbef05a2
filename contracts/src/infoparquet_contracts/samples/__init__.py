"""Golden samples: for each type of event named cases of one coherent story, at its newest version."""

from . import court, dead_letters, journal, notifications, replies
from .story import Sample

SAMPLES: tuple[Sample, ...] = (
    *journal.SAMPLES,
    *notifications.SAMPLES,
    *court.SAMPLES,
    *replies.SAMPLES,
    *dead_letters.SAMPLES,
)
