"""Cutting a body into lines: whatever the pieces, the same lines, and never more held than the longest."""

from collections.abc import AsyncIterator

from hypothesis import given
from hypothesis import strategies as st

from services.intake.lines import GROUP_LINES, LONGEST_LINE, Cutter, Line, grouped


def cut(pieces: list[bytes]) -> list[Line]:
    cutter = Cutter()
    return [line for piece in pieces for line in cutter.feed(piece)] + list(cutter.last())


@given(st.lists(st.binary(max_size=8).map(lambda text: text.replace(b"\x00", b"\n")), max_size=20))
def test_the_pieces_do_not_matter(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    expected = [
        Line(number, line.strip(b" \t\r"))
        for number, line in enumerate(whole.split(b"\n"), start=1)
        if line.strip(b" \t\r")
    ]
    assert cut(pieces) == cut([whole]) == expected


def test_a_line_of_the_limit_is_kept_and_a_longer_one_is_not() -> None:
    longest = b"x" * LONGEST_LINE
    assert cut([longest, b"\n", longest, b"x", b"\nafter"]) == [Line(1, longest), Line(2, None), Line(3, b"after")]


def test_an_endless_line_is_not_held() -> None:
    cutter = Cutter()
    for _ in range(64):
        assert list(cutter.feed(b"x" * LONGEST_LINE)) == []
    assert list(cutter.feed(b"\n")) == [Line(1, None)]


async def test_groups_are_full_while_lines_pour_in() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"{}\n" * (GROUP_LINES // 2)

    groups = [group async for group in grouped(pieces())]
    assert [len(group) for group in groups] == [GROUP_LINES, GROUP_LINES, GROUP_LINES // 2]
    assert [line.number for group in groups for line in group] == list(range(1, 5 * GROUP_LINES // 2 + 1))
