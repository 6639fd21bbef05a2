"""Whatever a document is called, its file stays in its folder, can be told apart and can be read."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.file_names import LONGEST, numbered_name, safe_name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("constat.pdf", "01 - constat.pdf"),
        ("pièce n° 1.pdf", "01 - pièce n° 1.pdf"),
        ("../../x", "01 - x"),
        ("..\\..\\x.doc", "01 - x.doc"),
        ("C:\\temp\\x.doc", "01 - x.doc"),
        ("/etc/passwd", "01 - passwd"),
        ("CON", "01 - CON"),
        (None, "01 - sans nom"),
        ("", "01 - sans nom"),
        ("..", "01 - sans nom"),
        ("dossier/", "01 - sans nom"),
        (".bashrc", "01 - bashrc"),
        ("a\x00b\nc\x1b[31m.pdf", "01 - abc[31m.pdf"),
        ("facture\u202efdp.exe", "01 - facturefdp.exe"),
        ('a<b>:"c"|?*.pdf', "01 - a_b___c____.pdf"),
        ("e\u0301te\u0301.pdf", "01 - été.pdf"),
        ("x.pdf. . ", "01 - x.pdf"),
    ],
)
def test_a_name_is_made_safe(name: str | None, shown: str) -> None:
    assert numbered_name(1, name) == shown


def test_a_long_name_keeps_its_suffix_and_no_half_character() -> None:
    name = numbered_name(1, "é" * 300 + ".pdf")
    assert name.endswith("é.pdf")
    assert LONGEST - 2 < len(name.encode()) <= LONGEST


@given(st.text(max_size=400), st.integers(min_value=1, max_value=12_000))
def test_any_name_is_one_name_in_its_folder(name: str, position: int) -> None:
    shown = numbered_name(position, name)
    folder = Path("/a/folder")
    assert (folder / shown).resolve().parent == folder
    assert len(f"{shown}.part".encode()) <= 143
    assert all(one.isprintable() for one in shown.replace("\u3000", "").replace("\xa0", "") if not one.isspace())
    assert numbered_name(position + 1, name) != shown


@given(st.text(max_size=400))
def test_a_safe_name_is_safe_already(name: str) -> None:
    assert safe_name(safe_name(name)) == safe_name(name)
