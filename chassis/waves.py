"""Cuts a batch so that handlers take many facts at once and no procedure's facts change order."""

from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar

from infoparquet_contracts.envelope import Event

H = TypeVar("H", bound=Hashable)


def cut(events: Iterable[Event[Any]], handler_of: Callable[[Event[Any]], H]) -> list[dict[H, list[Event[Any]]]]:
    """Waves of the facts each handler takes, in the order they came.

    In a wave a procedure has facts for one handler only; its first fact for another opens the next wave.
    """
    waves: list[dict[H, list[Event[Any]]]] = []
    last: dict[object, tuple[int, H]] = {}
    for event in events:
        handler = handler_of(event)
        wave, before = last.get(event.subject, (0, handler))
        if before != handler:
            wave += 1
        if wave == len(waves):
            waves.append({})
        waves[wave].setdefault(handler, []).append(event)
        last[event.subject] = (wave, handler)
    return waves
