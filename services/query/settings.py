"""Query's configuration."""

from chassis.settings import Settings


class QuerySettings(Settings):
    """Nothing of its own yet."""
