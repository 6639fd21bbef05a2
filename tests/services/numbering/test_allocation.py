"""The numbers as such: what is written, what is caught when mistyped, and that a year's sequence has no gap."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.numbering.allocation import (
    LARGEST_SEQUENCE,
    Request,
    allocate,
    is_mistyped,
    numbers_wanted,
    written,
)

YEARS = st.integers(1, 9999)
NUMBERS = st.builds(written, YEARS, st.integers(1, LARGEST_SEQUENCE))
DIGITS = "0123456789"
NEW_YEAR = datetime(2026, 12, 31, 23, 0, tzinfo=UTC)  # midnight in Paris
SUBMISSIONS = st.datetimes(datetime(2025, 12, 25), datetime(2027, 1, 6), timezones=st.just(UTC))  # noqa: DTZ001 - bounds of aware values are naive


def request(at: datetime, procedure: int = 0) -> Request:
    return Request(UUID(int=procedure), at)


class Sequences:
    """What the table does: a batch moves each year's last number in one step, and is told where it now stands."""

    def __init__(self) -> None:
        self._last: dict[int, int] = {}

    def take(self, requests: list[Request]) -> dict[int, int]:
        wanted = numbers_wanted(requests)
        self._last |= {year: self._last.get(year, 0) + count for year, count in wanted.items()}
        return {year: self._last[year] for year in wanted}


def test_a_number_is_year_sequence_and_two_check_digits() -> None:
    assert written(2026, 42) == "2026-00000042-26"
    assert not is_mistyped("2026-00000042-26")


@given(NUMBERS)
def test_no_written_number_is_mistyped(number: str) -> None:
    assert not is_mistyped(number)


@given(NUMBERS, st.data())
def test_any_single_digit_changed_is_caught(number: str, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from([at for at, character in enumerate(number) if character != "-"]))
    other = data.draw(st.sampled_from([digit for digit in DIGITS if digit != number[place]]))
    assert is_mistyped(number[:place] + other + number[place + 1 :])


@given(NUMBERS)
def test_any_two_adjacent_digits_exchanged_are_caught(number: str) -> None:
    places = [at for at, character in enumerate(number) if character != "-"]
    for first, second in pairwise(places):
        typed = list(number)
        typed[first], typed[second] = typed[second], typed[first]
        assert is_mistyped("".join(typed)) == (number[first] != number[second])


@pytest.mark.parametrize("other", ["2600000001H", "26-1", "", "2026-00000042", "2026-00000042-2６", "٢026-00000042-26"])
def test_a_number_of_another_form_is_never_called_mistyped(other: str) -> None:
    assert not is_mistyped(other)


@pytest.mark.parametrize("sequence", [0, -1, LARGEST_SEQUENCE + 1])
def test_a_sequence_outside_eight_digits_is_refused(sequence: int) -> None:
    with pytest.raises(ValueError, match="eight digits"):
        written(2026, sequence)


@pytest.mark.parametrize(
    ("at", "year"),
    [
        (NEW_YEAR - timedelta(microseconds=1), 2026),
        (NEW_YEAR, 2027),
        (NEW_YEAR + timedelta(minutes=59), 2027),
        (datetime(2027, 1, 1, 0, 0, tzinfo=UTC), 2027),
        # The same instants, told by the clocks of Saint-Denis de La Réunion and of Papeete.
        (datetime(2027, 1, 1, 2, 59, tzinfo=timezone(timedelta(hours=4))), 2026),
        (datetime(2026, 12, 31, 13, 0, tzinfo=timezone(timedelta(hours=-10))), 2027),
    ],
)
def test_the_year_is_that_of_paris_around_new_year(at: datetime, year: int) -> None:
    assert request(at).year == year


@given(st.lists(st.lists(SUBMISSIONS, max_size=8), max_size=8), st.randoms(use_true_random=False))
def test_however_batches_interleave_each_year_has_every_number_once_and_no_gap(
    submissions: list[list[datetime]], order: Random
) -> None:
    sequences = Sequences()
    taken = [(batch, sequences.take(batch)) for batch in [[request(at) for at in one] for one in submissions]]
    # Who took first need not write first.
    order.shuffle(taken)
    numbered = [one for batch, last in taken for one in allocate(batch, last)]
    for year in {one.year for one in numbered}:
        of_year = sorted(one.sequence for one in numbered if one.year == year)
        assert of_year == list(range(1, len(of_year) + 1))
    assert len({one.number for one in numbered}) == len(numbered)


@given(st.lists(SUBMISSIONS, max_size=20))
def test_a_batch_is_numbered_in_its_order(submissions: list[datetime]) -> None:
    requests = [request(at, procedure) for procedure, at in enumerate(submissions)]
    allocations = list(allocate(requests, Sequences().take(requests)))
    assert [(one.procedure, one.year) for one in allocations] == [(one.procedure, one.year) for one in requests]
    assert [one.number for one in allocations] == [written(one.year, one.sequence) for one in allocations]
    for year in {one.year for one in allocations}:
        of_year = [one.sequence for one in allocations if one.year == year]
        assert of_year == list(range(1, len(of_year) + 1))


@given(st.lists(SUBMISSIONS, max_size=20))
def test_years_are_always_taken_in_one_order(submissions: list[datetime]) -> None:
    years = list(numbers_wanted([request(at) for at in submissions]))
    assert years == sorted(set(years))
