"""A number with one slip leads to the one that was meant."""

from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_97_10

from services.query.mistyped import as_number, meant


@st.composite
def numbers(draw: st.DrawFn) -> str:
    digits = f"{draw(st.integers(2020, 2099))}{draw(st.integers(1, 99_999_999)):08d}"
    return digits + mod_97_10.calc_check_digits(digits)


def written(digits: str) -> str:
    return f"{digits[:4]}-{digits[4:12]}-{digits[12:]}"


@given(numbers(), st.integers(0, 13), st.integers(1, 9))
def test_one_digit_wrong_leads_to_the_number(digits: str, place: int, more: int) -> None:
    wrong = str((int(digits[place]) + more) % 10)
    assert written(digits) in meant(written(digits[:place] + wrong + digits[place + 1 :]))


@given(numbers(), st.integers(0, 13), st.integers(0, 13))
def test_two_digits_exchanged_lead_to_the_number(digits: str, one: int, other: int) -> None:
    exchanged = list(digits)
    exchanged[one], exchanged[other] = digits[other], digits[one]
    found = meant(written("".join(exchanged)))
    # Alike digits make no slip; and check digits that run over (01 for 98) may take one for a right number.
    assert written(digits) in found or mod_97_10.is_valid("".join(exchanged))


@given(numbers())
def test_a_right_number_is_nobody_s_slip(digits: str) -> None:
    assert meant(written(digits)) == []


@given(st.text("0123456789", min_size=14, max_size=14))
def test_there_are_few_that_may_be_meant_and_all_are_right(digits: str) -> None:
    found = meant(written(digits))
    assert len(found) <= 12
    assert all(mod_97_10.is_valid(one.replace("-", "")) for one in found)


def test_hyphens_may_be_missing_and_other_forms_are_left_alone() -> None:
    assert as_number("20260000004226") == as_number("2026 00000042 26") == "2026-00000042-26"
    assert as_number("2600000001H") is as_number("2026-42-26") is as_number("") is None
