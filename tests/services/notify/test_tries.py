"""What follows a try, for any number of tries and any luck."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from infoparquet_contracts.codes import NotificationFailure

from services.notify.tries import (
    FIRST_DELAY,
    LONGEST_DELAY,
    Again,
    Done,
    Failed,
    Later,
    Outcome,
    Refused,
    Sent,
    longest_delay,
    sequel,
)
from tests.builders import NOON

FAILURES = st.sampled_from(NotificationFailure)
OUTCOMES = st.one_of(st.just(Sent()), st.builds(Later, FAILURES), st.builds(Refused, FAILURES))
CHANCES = st.floats(0, 1, exclude_max=True)
TRIES = st.integers(1, 10_000)


@given(OUTCOMES, TRIES, TRIES, CHANCES)
def test_every_try_has_a_sequel_and_never_more_tries_than_allowed(
    outcome: Outcome, tries: int, allowed: int, chance: float
) -> None:
    match sequel(outcome, tries, allowed, NOON, chance):
        case Done():
            assert isinstance(outcome, Sent)
        case Again(at, failure):
            assert outcome == Later(failure)
            assert tries < allowed
            assert NOON <= at <= NOON + longest_delay(tries)
        case Failed(failure):
            assert outcome == Refused(failure) or (outcome == Later(failure) and tries >= allowed)


@given(TRIES)
def test_the_longest_delay_doubles_up_to_its_limit(tries: int) -> None:
    assert longest_delay(1) == FIRST_DELAY
    assert longest_delay(tries) <= longest_delay(tries + 1) <= LONGEST_DELAY
    assert longest_delay(tries + 1) == min(2 * longest_delay(tries), LONGEST_DELAY)


@given(TRIES, CHANCES, CHANCES)
def test_jitter_is_full_and_follows_chance_alone(tries: int, one: float, other: float) -> None:
    first, second = (
        sequel(Later(NotificationFailure.UNREACHABLE), tries, tries + 1, NOON, luck) for luck in sorted((one, other))
    )
    assert isinstance(first, Again)
    assert isinstance(second, Again)
    assert first.at <= second.at
    assert sequel(Later(NotificationFailure.UNREACHABLE), tries, tries + 1, NOON, 0.0) == Again(
        NOON, NotificationFailure.UNREACHABLE
    )


@pytest.mark.parametrize(("tries", "hours"), [(24, 38.0)])
def test_the_usual_tries_last_more_than_a_day_and_a_half(tries: int, hours: float) -> None:
    average = sum((longest_delay(one) for one in range(1, tries)), timedelta()) / 2
    assert average > timedelta(hours=hours)
