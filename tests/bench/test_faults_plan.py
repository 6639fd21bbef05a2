"""A campaign's faults are the seed's alone, and in enough rounds each target meets each kind."""

from collections import Counter

import pytest

from cli.faults.plan import BROKER, SHORT, SUPERVISOR, TARGETS, Kind, plan

ENOUGH = len(TARGETS) * len(Kind)


def test_one_seed_is_one_plan_and_another_seed_another() -> None:
    assert plan(7, 30, "apache") == plan(7, 30, "apache")
    assert plan(7, 30, "apache") != plan(8, 30, "apache")


@pytest.mark.parametrize("seed", range(5))
def test_in_enough_rounds_every_target_meets_every_kind(seed: int) -> None:
    met = {(fault.kind, fault.target) for fault in plan(seed, ENOUGH, "apache")}
    assert met == {(kind, target) for kind in Kind for target in TARGETS} - {(Kind.CUT, SUPERVISOR)}


@pytest.mark.parametrize("seed", range(5))
def test_a_short_campaign_has_each_kind_as_often_and_starts_everything_once(seed: int) -> None:
    faults = plan(seed, 8, "apache")
    assert SHORT > 8
    assert set(Counter(fault.kind for fault in faults).values()) == {2}
    assert SUPERVISOR not in {fault.target for fault in faults}


def test_the_light_broker_is_not_killed_as_it_says_that_it_loses_its_last_second() -> None:
    met = {(fault.kind, fault.target) for fault in plan(1, 2 * ENOUGH, "light")}
    assert not met & {(Kind.KILL, BROKER), (Kind.KILL, SUPERVISOR), (Kind.CUT, BROKER)}
    assert (Kind.STOP, BROKER) in met
