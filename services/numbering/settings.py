"""Numbering's configuration."""

from typing import Literal

from chassis.settings import Settings


class NumberingSettings(Settings):
    """Which authority gives the numbers; `local` is the only one so far."""

    numbering_authority: Literal["local"] = "local"
