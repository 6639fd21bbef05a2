"""All that decides on a court: the courts, the places, the rules, and the version of all of it."""

from dataclasses import dataclass

from reference.courts import Courts
from reference.rules import Rules
from reference.territory import Territory


@dataclass(frozen=True, slots=True)
class Law:
    """`version` is the `rule_set` that decisions carry."""

    courts: Courts
    territory: Territory
    rules: Rules
    version: str
