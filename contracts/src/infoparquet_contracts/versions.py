"""Versions of one fact side by side: read from any of them, written in each that is in force. Pure.

A version is never changed once it is released. A new one comes with a way up from the one before, for readers, and a
way down to it, for as long as the one before is published beside it: until a day that is stated here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .earlier import RoutedV1
from .facts import Routed
from .parts import Candidate, GroundedCandidate
from .payload import Payload
from .registry import MODELS, NAMESPACE

# An extension of the newer versions: the `ce_id` under which the oldest in force says the same.
SAME_AS = "ce_sameas"
_FACT_TYPE = re.compile(re.escape(NAMESPACE) + r"procedure\.[a-z]+(?:-[a-z]+)*\.v[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class Step:
    """From one version to the next; the older one is published too until `until`, the end of their overlap."""

    older: type[Payload]
    newer: type[Payload]
    up: Callable[[Any], Payload]
    down: Callable[[Any], Payload]
    until: datetime


def _routed_up(old: RoutedV1) -> Routed:
    """Of a candidate of v1 nobody said the article; those that were told are the specialised ones."""
    candidates = tuple(
        GroundedCandidate(
            tribunal=one.tribunal,
            formation=one.formation,
            rule=one.rule,
            legal_basis=None,
            informed=one.specialised,
        )
        for one in old.candidates
    )
    return Routed(**{**_fields(old), "candidates": candidates})


def _routed_down(new: Routed) -> RoutedV1:
    candidates = tuple(
        Candidate(tribunal=one.tribunal, formation=one.formation, rule=one.rule) for one in new.candidates
    )
    return RoutedV1(**{**_fields(new), "candidates": candidates})


def _fields(payload: Payload) -> dict[str, Any]:
    return {name: getattr(payload, name) for name in type(payload).model_fields}


STEPS: tuple[Step, ...] = (Step(RoutedV1, Routed, _routed_up, _routed_down, until=datetime(2028, 1, 1, tzinfo=UTC)),)
_UP: Mapping[type[Payload], Step] = {step.older: step for step in STEPS}
_DOWN: Mapping[type[Payload], Step] = {step.newer: step for step in STEPS}


def upcast(payload: Payload) -> Payload:
    """The same at the newest version, one version at a time."""
    while (step := _UP.get(type(payload))) is not None:
        payload = step.up(payload)
    return payload


def forms(payload: Payload, at: datetime | None = None) -> tuple[Payload, ...]:
    """A payload at the newest version in the registry, then at those that overlap it at that time, or at any."""
    written: list[Payload] = []
    form: Payload | None = payload
    while form is not None:
        if form.event_type in MODELS:
            written.append(form)
        step = _DOWN.get(type(form))
        form = step.down(form) if step is not None and (not written or at is None or at < step.until) else None
    return tuple(written)


def recall(kept: Mapping[str, Any]) -> Payload | None:
    """What a table keeps of a fact in the forms it was written in, by type; None where none of them is known here.

    The newest counts, unless the oldest says otherwise: then a process that knows no newer one wrote it since.
    """
    known = sorted((version_of(name), name) for name in kept if name in MODELS)
    if not known:
        return None
    oldest, newest = (MODELS[name].model_validate(kept[name], extra="ignore") for _, name in (known[0], known[-1]))
    said = upcast(newest)
    return said if _form(said, type(oldest)) == oldest else upcast(oldest)


def types_of(model: type[Payload]) -> tuple[str, ...]:
    """Every type that is read as that model: its own, and those of the versions before."""
    older = [step.older for step in STEPS if step.newer is model]
    return (model.event_type, *(name for one in older for name in types_of(one)))


def version_of(event_type: str) -> int:
    """The number at the end of a type's name."""
    return int(event_type.rpartition(".v")[2])


def fact_of(event_type: str) -> str:
    """What a type says, whatever its version: `routed`."""
    return event_type.rpartition(".v")[0].rpartition(".")[2]


def is_fact(event_type: str) -> bool:
    """Whether the type is named as a fact of the journal is, known here or not."""
    return _FACT_TYPE.fullmatch(event_type) is not None


def _form(payload: Payload, version: type[Payload]) -> Payload:
    while type(payload) is not version and (step := _DOWN.get(type(payload))) is not None:
        payload = step.down(payload)
    return payload
