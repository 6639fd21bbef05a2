"""Charts: nothing lies outside the frame, bars keep the order of their values, amounts read as people say them."""

from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.query.months import months, written
from services.query.portal import amounts
from services.query.portal.charts import Chart, Entry, Scale, columns, counted, rows, timed

ToScale = Callable[[float], Scale]
Draw = Callable[[Sequence[Entry], Scale], Chart]
# Up to thirty years.
durations = st.floats(0, 1e9)
entries = st.lists(
    st.tuples(durations, st.none() | durations).map(
        lambda pair: Entry("x", pair[0], "", beyond=None if pair[1] is None else pair[0] + pair[1])
    )
    | st.just(Entry("x", None, "")),
    min_size=1,
    max_size=40,
)


def greatest(drawn: list[Entry]) -> float:
    return max(value for one in drawn for value in (one.value, one.beyond, 0) if value is not None)


def within(chart: Chart) -> bool:
    across = [x for mark in chart.marks for x in (mark.end, mark.beyond) if x is not None]
    down = [y for mark in chart.marks for y in (mark.start, mark.start + mark.breadth)]
    across += [tick.at for tick in chart.ticks]
    if chart.upright:
        across, down = down, across
    return all(0 <= x <= 100 for x in across) and all(0 <= y <= chart.height for y in down)


@given(entries, st.sampled_from([counted, timed]), st.sampled_from([columns, rows]))
def test_nothing_lies_outside_the_frame_and_no_bar_on_another(drawn: list[Entry], scale: ToScale, draw: Draw) -> None:
    chart = draw(drawn, scale(greatest(drawn)))
    assert within(chart)
    assert all(a.start + a.breadth < b.start for a, b in pairwise(chart.marks))
    assert [mark.entry for mark in chart.marks] == drawn


@given(entries)
def test_a_greater_value_has_a_longer_bar(drawn: list[Entry]) -> None:
    chart = rows(drawn, timed(greatest(drawn)))
    known = sorted((one.entry.value or 0, one.end) for one in chart.marks if one.end is not None)
    assert all(a[1] <= b[1] for a, b in pairwise(known))
    assert all(one.beyond >= one.end for one in chart.marks if one.beyond is not None and one.end is not None)


@given(st.floats(0, 1e9), st.sampled_from([counted, timed]))
def test_a_scale_begins_at_nothing_and_holds_the_most_with_few_words(most: float, scale: ToScale) -> None:
    found = scale(most)
    values = [value for value, _ in found.ticks]
    assert values[0] == 0
    assert values[-1] == found.top >= most
    assert 2 <= len(values) <= 5
    assert len({words for _, words in found.ticks}) == len(values)


def test_scales_are_told_in_the_units_that_people_count_in() -> None:
    def words(most: float) -> list[str]:
        return [words.replace("\u00a0", " ").replace("\u202f", " ") for _, words in timed(most).ticks]

    assert words(0.35) == ["0", "0,1 s", "0,2 s", "0,3 s", "0,4 s"]
    assert words(110) == ["0", "30 s", "1 min", "1 min 30 s", "2 min"]
    assert words(20 * 3600) == ["0", "6 h", "12 h", "18 h", "1 j"]
    assert words(41 * 86_400) == ["0", "20 j", "40 j", "60 j"]
    assert [words for _, words in counted(1234).ticks] == ["0", "500", "1\u202f000", "1\u202f500"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"), (0.4123, "0,41 s"), (0.001, "0,001 s"), (3, "3 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min"),
        (200, "3 min 20 s"), (599.7, "10 min"), (3599, "1 h"), (7800, "2 h 10 min"), (86_399, "1 j"),
        (356_400, "4 j 3 h"), (41 * 86_400, "41 j"), (2000 * 86_400, "2 000 j"), (None, "–"),
    ],
)  # fmt: skip
def test_how_long_it_took_reads_as_people_say_it(seconds: float | None, said: str) -> None:
    assert amounts.duration(seconds).replace("\u00a0", " ").replace("\u202f", " ") == said


@pytest.mark.parametrize(
    ("part", "said"),
    [(None, "–"), (0, "0\u202f%"), (0.875, "87,5\u202f%"), (0.99999, "99,9\u202f%"), (1, "100\u202f%")],
)
def test_nearly_all_is_not_all(part: float | None, said: str) -> None:
    assert amounts.share(part) == said


def test_months_go_over_the_year() -> None:
    period = months(date(2025, 11, 30), date(2026, 2, 1))
    assert [written(month) for month in period] == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert amounts.month("2026-02") == "févr. 2026"


def test_a_label_that_no_phone_has_room_for_is_cut() -> None:
    (mark,) = rows([Entry("x" * 60, 1, "")], counted(1)).marks
    assert mark.words == "x" * 47 + "…"
