"""Run by Python before anything else where this folder is on its path: the contracts without `routed` v2.

A process started so stands for the release before: it neither writes that version nor knows what it reads.
"""

from types import MappingProxyType

from infoparquet_contracts import registry
from infoparquet_contracts.facts import Routed

_BEFORE = {name: model for name, model in registry.MODELS.items() if model is not Routed}
registry.MODELS = MappingProxyType(_BEFORE)
