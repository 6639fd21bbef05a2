"""The relay's protocol as an explicit-state search: two relays whose steps interleave freely, with faults anywhere.

`explore` visits every state within the bounds, shortest roads first, so what it finds is the shortest road to a loss, a
duplicate or an overtaking. Each field of `Rules` is a rule of docs/journal.md; without it there is such a road.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

# What an outbox row holds besides the number of its batch, which is 1 or more.
UNCLAIMED, DELETED, NEVER_WRITTEN = 0, -1, -2

At = Literal["off", "fence", "read", "recover", "idle", "claimed", "produced", "committed"]


@dataclass(frozen=True)
class Rules:
    """The protocol; a variant drops one rule."""

    read_once_fenced: bool = True
    fence: bool = True
    claim_with_the_lock: bool = True
    delete_with_the_lock: bool = True
    counter_from_kafka: bool = True
    await_every_send: bool = True


@dataclass(frozen=True)
class Bounds:
    """How far to look, and what may happen besides crashes and lost locks."""

    rows: int = 2
    steps: int = 26
    faults: int = 2
    restores: bool = False
    sends_fail: bool = False


class Open(NamedTuple):
    """A Kafka transaction that was begun: what the broker holds of it."""

    epoch: int
    batch: int
    records: tuple[int, ...]
    failed: bool = False


class Candidate(NamedTuple):
    """One process's relay: where it is in the protocol, and what it remembers."""

    at: At = "off"
    epoch: int = 0
    seen: int = 0
    batch: int = 0
    rows: tuple[int, ...] = ()
    has_lock_connection: bool = False


class State(NamedTuple):
    """Database (rows, counter, lock), Kafka (epoch, open transaction, committed number, log), and the two relays."""

    rows: tuple[int, ...] = ()
    counter: int = 0
    holder: int | None = None
    epoch: int = 0
    open: Open | None = None
    committed: int = 0
    log: tuple[int, ...] = ()
    relays: tuple[Candidate, Candidate] = (Candidate(), Candidate())
    faults: int = 0
    backup: tuple[tuple[int, ...], int] | None = None
    restored: bool = False


Step = tuple[str, State]


@dataclass(frozen=True)
class Verdict:
    """What the search found, by which road; "ok" when no road leads to harm."""

    harm: Literal["ok", "lost", "duplicate", "overtaken"]
    road: tuple[str, ...]
    states: int


def explore(rules: Rules, bounds: Bounds) -> Verdict:
    """Every state within the bounds, breadth first, until one shows harm."""
    start = State()
    came_from: dict[State, Step | None] = {start: None}
    waiting = deque([(start, 0)])
    while waiting:
        state, depth = waiting.popleft()
        harm = _harm(state)
        if harm != "ok":
            return Verdict(harm, _road(came_from, state), len(came_from))
        if depth == bounds.steps:
            continue
        for label, following in _steps(state, rules, bounds):
            if following not in came_from:
                came_from[following] = (label, state)
                waiting.append((following, depth + 1))
    return Verdict("ok", (), len(came_from))


def _road(came_from: dict[State, Step | None], state: State) -> tuple[str, ...]:
    road: list[str] = []
    while (step := came_from[state]) is not None:
        label, state = step
        road.append(label)
    return tuple(reversed(road))


def _harm(state: State) -> Literal["ok", "lost", "duplicate", "overtaken"]:
    # What a restored database publishes again is caught by the unique keys of its readers.
    if not state.restored:
        if len(set(state.log)) != len(state.log):
            return "duplicate"
        if list(state.log) != sorted(state.log):
            return "overtaken"
    safe = {*state.log, *(state.open.records if state.open else ())}
    lost = any(batch == DELETED and row not in safe for row, batch in enumerate(state.rows))
    return "lost" if lost else "ok"


def _steps(state: State, rules: Rules, bounds: Bounds) -> Iterator[Step]:
    if len(state.rows) < bounds.rows:
        yield f"a service appends row {len(state.rows)}", state._replace(rows=(*state.rows, UNCLAIMED))
    if bounds.restores:
        yield from _restores(state)
    for me in (0, 1):
        yield from _faults(state, me, bounds)
        yield from _relays(state, me, rules, bounds)


def _restores(state: State) -> Iterator[Step]:
    if state.backup is None:
        yield "a backup is taken", state._replace(backup=(state.rows, state.counter))
    elif not state.restored:
        rows, counter = state.backup
        # Rows appended since the backup are gone with it, and only those that went out count.
        since = tuple(DELETED if row in state.log else NEVER_WRITTEN for row in range(len(rows), len(state.rows)))
        both_off = (Candidate(), Candidate())
        yield (
            "the database is restored from the backup",
            state._replace(
                rows=rows + since, counter=counter, holder=None, relays=both_off, faults=state.faults + 1, restored=True
            ),
        )


def _with(state: State, me: int, relay: Candidate, **changes: object) -> State:
    relays = (relay, state.relays[1]) if me == 0 else (state.relays[0], relay)
    return state._replace(relays=relays, **changes)  # type: ignore[arg-type]  # each caller names fields of State


def _without_lock(state: State, me: int) -> int | None:
    return None if state.holder == me else state.holder


def _faults(state: State, me: int, bounds: Bounds) -> Iterator[Step]:
    relay, name = state.relays[me], "AB"[me]
    if relay.at == "off" or state.faults >= bounds.faults:
        return
    counted = {"holder": _without_lock(state, me), "faults": state.faults + 1}
    yield f"{name} crashes at {relay.at}", _with(state, me, Candidate(), **counted)
    if relay.has_lock_connection:
        yield (
            f"{name} loses its lock at {relay.at}",
            _with(state, me, relay._replace(has_lock_connection=False), **counted),
        )


def _relays(state: State, me: int, rules: Rules, bounds: Bounds) -> Iterator[Step]:
    relay, name = state.relays[me], "AB"[me]
    match relay.at:
        case "off":
            if state.holder is None:
                first: At = "fence" if rules.read_once_fenced else "read"
                yield f"{name} takes the lock", _with(state, me, Candidate(first, has_lock_connection=True), holder=me)
        case "fence":
            following: At = "read" if rules.read_once_fenced else "recover"
            epoch = state.epoch + 1 if rules.fence else state.epoch
            opened = None if rules.fence else state.open
            yield (
                f"{name} fences",
                _with(state, me, relay._replace(at=following, epoch=epoch), epoch=epoch, open=opened),
            )
        case "read":
            following = "recover" if rules.read_once_fenced else "fence"
            yield (
                f"{name} reads {state.committed}",
                _with(state, me, relay._replace(at=following, seen=state.committed)),
            )
        case "recover":
            yield _recovers(state, me, rules)
        case "idle":
            yield from _claims(state, me, rules)
        case "claimed":
            yield from _produces(state, me, bounds)
        case "produced":
            yield _commits(state, me, rules)
        case "committed":
            yield _deletes(state, me, rules)


def _stops(state: State, me: int, why: str) -> Step:
    return f"{'AB'[me]} {why}", _with(state, me, Candidate(), holder=_without_lock(state, me))


def _recovers(state: State, me: int, rules: Rules) -> Step:
    relay, name = state.relays[me], "AB"[me]
    if not relay.has_lock_connection:
        return _stops(state, me, "finds its lock gone")
    counter = max(state.counter, relay.seen) if rules.counter_from_kafka else state.counter
    outstanding = sorted({batch for batch in state.rows if batch > 0})
    if not outstanding:
        return f"{name} has recovered", _with(state, me, relay._replace(at="idle"), counter=counter)
    batch = outstanding[0]
    if batch <= relay.seen:
        rows = tuple(DELETED if one == batch else one for one in state.rows)
        return f"{name} deletes batch {batch}, which went out", state._replace(rows=rows, counter=counter)
    held = tuple(row for row, one in enumerate(state.rows) if one == batch)
    again = relay._replace(at="claimed", batch=batch, rows=held)
    return f"{name} will publish batch {batch} again", _with(state, me, again, counter=counter)


def _claims(state: State, me: int, rules: Rules) -> Iterator[Step]:
    relay, name = state.relays[me], "AB"[me]
    if rules.claim_with_the_lock and not relay.has_lock_connection:
        yield _stops(state, me, "finds its lock gone")
        return
    free = tuple(row for row, batch in enumerate(state.rows) if batch == UNCLAIMED)
    if free:
        batch = state.counter + 1
        rows = tuple(batch if one == UNCLAIMED else one for one in state.rows)
        claimed = relay._replace(at="claimed", batch=batch, rows=free)
        yield f"{name} claims rows {free} as batch {batch}", _with(state, me, claimed, rows=rows, counter=batch)


def _produces(state: State, me: int, bounds: Bounds) -> Iterator[Step]:
    relay, name = state.relays[me], "AB"[me]
    if relay.epoch != state.epoch:
        yield _stops(state, me, "is fenced")
        return
    produced = relay._replace(at="produced")
    whole = Open(relay.epoch, relay.batch, relay.rows)
    yield f"{name} sends {relay.rows}", _with(state, me, produced, open=whole)
    if bounds.sends_fail and state.faults < bounds.faults:
        partly = whole._replace(records=relay.rows[1:], failed=True)
        yield f"{name}'s first record fails", _with(state, me, produced, open=partly, faults=state.faults + 1)


def _commits(state: State, me: int, rules: Rules) -> Step:
    relay, name = state.relays[me], "AB"[me]
    opened = state.open
    if opened is None or not opened.epoch == relay.epoch == state.epoch or opened.batch != relay.batch:
        return _stops(state, me, "is fenced at the commit")
    if opened.failed and rules.await_every_send:
        # The producer is dropped with its transaction open; the next one to fence ends it.
        return _stops(state, me, "gives its batch up")
    log = state.log + opened.records
    committed = relay._replace(at="committed")
    return f"{name} commits batch {relay.batch}", _with(state, me, committed, log=log, committed=relay.batch, open=None)


def _deletes(state: State, me: int, rules: Rules) -> Step:
    relay, name = state.relays[me], "AB"[me]
    if rules.delete_with_the_lock and not relay.has_lock_connection:
        return _stops(state, me, "finds its lock gone")
    rows = tuple(DELETED if one == relay.batch else one for one in state.rows)
    return f"{name} deletes batch {relay.batch}", _with(
        state, me, relay._replace(at="idle", rows=(), batch=0), rows=rows
    )
