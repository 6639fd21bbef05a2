"""A campaign's faults are the seed's alone, and in enough rounds each target meets each kind."""

from collections import Counter

import pytest

from cli.faults.plan import BROKER, CONTROLLER, DATABASE, REPLICATED, SHORT, SUPERVISOR, TARGETS, Kind, plan

# For those that hit anybody.
EACH = (Kind.KILL, Kind.STOP, Kind.RESTART, Kind.CUT)
ENOUGH = len(TARGETS) * len(Kind)
SOME = {(Kind.FULL, BROKER), (Kind.FULL, DATABASE)} | {
    (kind, one) for kind in (Kind.ROLL, Kind.JOIN) for one in REPLICATED
}


def test_one_seed_is_one_plan_and_another_seed_another() -> None:
    assert plan(7, 30, "apache") == plan(7, 30, "apache")
    assert plan(7, 30, "apache") != plan(8, 30, "apache")


@pytest.mark.parametrize("seed", range(5))
def test_in_enough_rounds_every_target_meets_every_kind(seed: int) -> None:
    met = {(fault.kind, fault.target) for fault in plan(seed, ENOUGH, "apache:3")}
    assert met == SOME | {(kind, target) for kind in EACH for target in TARGETS} - {(Kind.CUT, SUPERVISOR)}


def test_one_node_by_itself_is_no_controller_of_others() -> None:
    assert CONTROLLER not in {fault.target for fault in plan(1, ENOUGH, "apache")}


@pytest.mark.parametrize("seed", range(5))
def test_a_short_campaign_has_each_kind_as_often_and_starts_everything_once(seed: int) -> None:
    faults = plan(seed, len(Kind), "apache")
    assert len(Kind) < SHORT
    assert set(Counter(fault.kind for fault in faults).values()) == {1}
    assert SUPERVISOR not in {fault.target for fault in faults}


def test_what_this_machine_cannot_do_is_left_out_and_the_others_are_as_often() -> None:
    kinds = Counter(fault.kind for fault in plan(3, 12, "apache", [Kind.FULL]))
    assert kinds == dict.fromkeys(set(Kind) - {Kind.FULL}, 2)


def test_the_light_broker_is_not_killed_as_it_says_that_it_loses_its_last_second() -> None:
    met = {(fault.kind, fault.target) for fault in plan(1, 2 * ENOUGH, "light")}
    assert not met & {(Kind.KILL, BROKER), (Kind.KILL, SUPERVISOR), (Kind.CUT, BROKER), (Kind.FULL, BROKER)}
    assert {(Kind.STOP, BROKER), (Kind.FULL, DATABASE)} <= met
