"""A former code leads to the commune that took its place, whatever the steps between."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.movements import Movement, Movements


def moved(day: str, before: str, after: str, name: str = "Ici") -> Movement:
    return Movement(dt.date.fromisoformat(day), before, after, name)


HISTORY = Movements(
    [
        # 01002 is merged into 01001, which is merged into 01003.
        moved("1972-01-01", "01002", "01001", "Deux"),
        moved("1972-01-01", "01001", "01001", "Un"),
        moved("2016-01-01", "01001", "01003", "Un"),
        moved("2016-01-01", "01003", "01003", "Trois"),
        # 01005 is merged into 01004, established again, then given a new name.
        moved("1973-01-01", "01005", "01004", "Cinq"),
        moved("1985-01-01", "01004", "01004", "Quatre"),
        moved("1985-01-01", "01004", "01005", "Quatre"),
        moved("1990-01-01", "01005", "01005", "Cinq"),
        # 01006 is cut up.
        moved("2000-01-01", "01006", "01007", "Six"),
        moved("2000-01-01", "01006", "01008", "Six"),
        # 01009 is merged into what is cut up later.
        moved("1999-01-01", "01009", "01006", "Neuf"),
        # 01010 is merged, established again and merged elsewhere.
        moved("1972-01-01", "01010", "01004", "Dix"),
        moved("1980-01-01", "01004", "01010", "Quatre"),
        moved("1980-01-01", "01004", "01004", "Quatre"),
        moved("2019-01-01", "01010", "01003", "Dix"),
    ]
)


@pytest.mark.parametrize(
    ("code", "on", "leads_to"),
    [
        ("01002", "2026-01-01", "01003"),
        ("01002", "2000-01-01", "01001"),
        ("01002", "1971-12-31", "01002"),
        ("01001", "2015-12-31", "01001"),
        ("01001", "2016-01-01", "01003"),
        ("01005", "1980-01-01", "01004"),
        ("01005", "2026-01-01", "01005"),
        ("01006", "2026-01-01", None),
        ("01009", "2026-01-01", None),
        ("01009", "1999-06-01", "01006"),
        ("01010", "2026-01-01", "01003"),
        ("01010", "1999-01-01", "01010"),
        ("33063", "2026-01-01", "33063"),
    ],
)
def test_a_code_leads_to_what_took_its_place_on_that_day(code: str, on: str, leads_to: str | None) -> None:
    assert HISTORY.successor(code, dt.date.fromisoformat(on)) == leads_to


def test_formers_have_their_last_name() -> None:
    assert HISTORY.formers["01002"] == "Deux"
    assert HISTORY.formers["01010"] == "Dix"
    assert "01008" not in HISTORY.formers


CODES = st.sampled_from([f"0100{digit}" for digit in range(6)])
DAYS = st.dates(dt.date(2000, 1, 1), dt.date(2000, 1, 8))
ANY = st.lists(st.builds(Movement, DAYS, CODES, CODES, st.just("Ici")), max_size=25)


@given(ANY, CODES, DAYS)
def test_any_history_leads_to_a_commune_in_force_or_nowhere(history: list[Movement], code: str, on: dt.date) -> None:
    movements = Movements(history)
    found = movements.successor(code, on)
    assert found is None or movements.successor(found, on) == found


@given(ANY, CODES)
def test_the_order_of_the_file_does_not_matter(history: list[Movement], code: str) -> None:
    assert Movements(history).successor(code) == Movements(history[::-1]).successor(code)
