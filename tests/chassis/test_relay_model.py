"""The protocol as designed comes to no harm, and each of its rules is there for a reason that the search finds."""

import pytest

from tests.chassis.relay_model import Bounds, Rules, explore

RESTORE = Bounds(rows=3, steps=22, restores=True)


def test_the_protocol_as_designed_loses_repeats_and_overtakes_nothing() -> None:
    verdict = explore(Rules(), Bounds(sends_fail=True))
    assert (verdict.harm, verdict.road) == ("ok", ())
    assert verdict.states > 5_000, "the search has looked at hardly anything"


def test_after_a_restore_the_counter_raised_to_kafkas_loses_nothing() -> None:
    assert explore(Rules(), RESTORE).harm == "ok"


@pytest.mark.parametrize(
    ("dropped", "bounds", "harm", "steps"),
    [
        pytest.param(Rules(read_once_fenced=False), Bounds(), "duplicate", 15, id="the number is read before fencing"),
        pytest.param(Rules(fence=False), Bounds(), "duplicate", 15, id="nobody is fenced"),
        pytest.param(Rules(claim_with_the_lock=False), Bounds(), "lost", 20, id="rows are claimed through a pool"),
        pytest.param(Rules(counter_from_kafka=False), RESTORE, "lost", 21, id="the counter is the database's alone"),
        pytest.param(Rules(await_every_send=False), Bounds(sends_fail=True), "lost", 9, id="a send is not awaited"),
    ],
)
def test_without_one_rule_there_is_a_shortest_road_to_harm(
    dropped: Rules, bounds: Bounds, harm: str, steps: int
) -> None:
    verdict = explore(dropped, bounds)
    assert (verdict.harm, len(verdict.road)) == (harm, steps), "\n".join(verdict.road)


@pytest.mark.parametrize("bounds", [Bounds(sends_fail=True), RESTORE])
def test_a_batch_that_went_out_may_be_deleted_by_whoever_knows_it(bounds: Bounds) -> None:
    """That it is deleted through the lock's connection is simplicity: no harm comes without it."""
    assert explore(Rules(delete_with_the_lock=False), bounds).harm == "ok"
