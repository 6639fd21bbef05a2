"""The names of deposited files: what a header declares, what of it is shown, and how an answer says it again."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.intake.file_names import UNNAMED, NameFault, UnusableName, attachment, kept, name_in, shown

ANY_NAME = st.text() | st.text(st.characters(exclude_categories=())) | st.text('a.~-/\\ \u0301\u200d:é"%4', max_size=40)
DEVICES = {
    "con",
    "prn",
    "aux",
    "nul",
    "conin$",
    "conout$",
    *(f"{port}{n}" for port in ("com", "lpt") for n in range(10)),
}


def as_received(header: str) -> str:
    """A header that its client wrote in UTF-8, as it reaches the API."""
    return header.encode().decode("latin-1")


def is_wrong(char: str) -> bool:
    """Whether it has no place in the name of a file."""
    noncharacter = ord(char) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(char) <= 0xFDEF
    return noncharacter or char in '/\\:*?"<>|' or unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def fault(header: str) -> NameFault:
    with pytest.raises(UnusableName) as refused:
        name_in(header)
    return refused.value.fault


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="pv.pdf"', "pv.pdf"),
        ("attachment; filename=pv.pdf", "pv.pdf"),
        ('inline; filename="pv.pdf"', "pv.pdf"),
        ('form-data; name="file"; filename="pv.pdf"', "pv.pdf"),
        ('ATTACHMENT; FileName = "pv.pdf"', "pv.pdf"),
        ("attachment; filename*=UTF-8''pi%C3%A8ce.pdf", "pièce.pdf"),
        ("attachment; filename*=utf-8'fr'pi%c3%a8ce.pdf", "pièce.pdf"),
        ("attachment; filename*=iso-8859-1''pi%E8ce.pdf", "pièce.pdf"),
        ("attachment; filename=\"x.pdf\"; filename*=UTF-8''pi%C3%A8ce.pdf", "pièce.pdf"),
        ("attachment; filename*=UTF-8''pi%C3%A8ce.pdf; filename=\"x.pdf\"", "pièce.pdf"),
        ("attachment; filename=\"=?utf-8?B?w6k=?=\"; filename*=utf-8''%C3%A9", "é"),
        (as_received('attachment; filename="pièce n°1.pdf"'), "pièce n°1.pdf"),
        (as_received('attachment; filename="証拠.pdf"'), "証拠.pdf"),
        ('attachment; filename="pi\xe8ce.pdf"', "pièce.pdf"),
        ("attachment; filename*=UTF-8''%C3%83%C2%A9.pdf", "Ã©.pdf"),
        ('attachment; filename="a%20b.pdf"', "a%20b.pdf"),
        (r'attachment; filename="dit \"le chat\" \\ 1.pdf"', 'dit "le chat" \\ 1.pdf'),
        ('attachment; filename="a;b, c=d.pdf"', "a;b, c=d.pdf"),
        ('attachment; filename="../../etc/passwd"', "../../etc/passwd"),
        ("attachment; filename*=UTF-8''evil%E2%80%AEfdp.exe", "evil\u202efdp.exe"),
        ('attachment; filename="pv.pdf"; ', "pv.pdf"),
        ("attachment; filename*=windows-1252''pi%E8ce.pdf; filename=piece.pdf", "piece.pdf"),
        ('attachment; filename="' + "a" * 255 + '"', "a" * 255),
    ],
)
def test_the_declared_name_is_kept_as_it_was_sent(header: str, name: str) -> None:
    assert name_in(header) == name


@pytest.mark.parametrize("header", [None, "attachment", "inline;", 'attachment; filename=""', 'form-data; name="f"'])
def test_a_header_may_declare_no_name(header: str | None) -> None:
    assert name_in(header) is None


@pytest.mark.parametrize(
    "header",
    [
        "",
        ";",
        'filename="pv.pdf"',
        'attachment; filename="pv.pdf',
        'attachment; filename="pv.pdf\\',
        "attachment; filename=pv 1.pdf",
        "attachment; filename=",
        'attachment; filename="a.pdf"; filename="b.pdf"',
        "attachment; filename*=pi%C3%A8ce.pdf",
        "attachment; filename*=UTF-8''%FF.pdf",
        "attachment; filename*=UTF-8''%ED%A0%80.pdf",
        "attachment; filename*=UTF-8''pv%00.pdf",
        "attachment; filename*=UTF-8''pv%0A.pdf",
        'attachment; filename="pv\x00.pdf"',
        'attachment; filename="pv\r\nSet-Cookie: x"',
        'attachment; filename="\ud800"',
        'attachment; filename="証拠"',
    ],
)
def test_a_malformed_header_is_refused(header: str) -> None:
    assert fault(header) == NameFault.MALFORMED


def test_a_malformed_header_is_refused_where_it_goes_wrong() -> None:
    with pytest.raises(UnusableName) as refused:
        name_in("attachment; filename=pv 1.pdf")
    assert refused.value.position == 24


def test_a_name_that_comes_by_another_way_is_held_to_the_same() -> None:
    assert kept("évidence\u202e/../.pdf") == "évidence\u202e/../.pdf"
    assert kept("") is None
    faults = (("\x00", "unusable-character"), ("a\ud83d", "unusable-character"), ("é" * 256, "too-long"))
    for name, expected in faults:
        with pytest.raises(UnusableName) as refused:
            kept(name)
        assert refused.value.fault == expected


def test_a_refusal_is_worded_without_what_was_sent() -> None:
    with pytest.raises(UnusableName, match="plus de 255 caractères") as refused:
        name_in('attachment; filename="' + "Camille" * 40 + '"')
    assert "Camille" not in str(refused.value)


def test_the_length_of_a_name_is_counted_once_it_is_decoded() -> None:
    assert name_in("attachment; filename*=UTF-8''" + "%C3%A9" * 255) == "é" * 255
    assert fault("attachment; filename*=UTF-8''" + "%C3%A9" * 256) == NameFault.TOO_LONG
    assert fault(as_received('attachment; filename="' + "é" * 256 + '"')) == NameFault.TOO_LONG


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Procès-verbal n°1 (suite).pdf", "Procès-verbal n°1 (suite).pdf"),
        ("証拠.pdf", "証拠.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\alix\\pv.pdf", "pv.pdf"),
        ("a／b.pdf", "b.pdf"),
        ("evil\u202efdp.exe", "evilfdp.exe"),
        ("p\u200dv\ufeff\u00ad.pdf", "pv.pdf"),
        ("p\u2028v\x00\x1b\x9b.p\ufdd0df\uffff", "pv.pdf"),
        ("\ud83d.pdf", "pdf"),
        (" .pv.pdf . ", "pv.pdf"),
        ("-rf", "rf"),
        ('a:b<c>|"?*.pdf', "a_b_c_____.pdf"),
        ("nul", "_nul"),
        ("CON.pdf", "_CON.pdf"),
        ("com¹ .pdf", "_com1 .pdf"),
        ("é" * 200 + ".pdf", "é" * 125 + ".pdf"),
        ("a" * 300, "a" * 255),
        *((nothing, UNNAMED) for nothing in ("", ".", "..", " ", "a/", "\\", "\u202e", "\u0301", "...///", "~", "-")),
    ],
)
def test_what_is_shown_is_safe_as_the_name_of_a_file(name: str, safe: str) -> None:
    assert shown(name) == safe


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("pv.pdf", 'attachment; filename="pv.pdf"'),
        ("pièce.pdf", "attachment; filename=\"piece.pdf\"; filename*=UTF-8''pi%C3%A8ce.pdf"),
        ("証拠.pdf", "attachment; filename=\"__.pdf\"; filename*=UTF-8''%E8%A8%BC%E6%8B%A0.pdf"),
        ("a%20b.pdf", "attachment; filename=\"a_20b.pdf\"; filename*=UTF-8''a%2520b.pdf"),
        ('a"\r\nSet-Cookie: b; c', 'attachment; filename="a_Set-Cookie_ b; c"'),
        ("/", 'attachment; filename="piece"'),
    ],
)
def test_an_answer_says_the_name_in_both_forms_where_one_is_not_enough(name: str, header: str) -> None:
    assert attachment(name) == header


@given(ANY_NAME)
@example("C\u200b\u0301")
@example("con.\u0301")
@example("\u0344" * 200 + ".pdf")
@example("ﷺ" * 90 + ".pdf")
@example(" " + "." * 254 + "a")
@example("." + "a" * 260)
def test_any_name_is_shown_as_one_safe_file_name(name: str) -> None:
    safe = shown(name)
    assert shown(safe) == safe
    assert 1 <= len(safe.encode()) <= 255
    assert not any(map(is_wrong, safe))
    assert safe[0] not in " .-~"
    assert safe[-1] not in " ."
    assert safe.split(".")[0].rstrip().casefold() not in DEVICES


def test_no_character_at_all_passes_that_should_not() -> None:
    every = map(chr, range(0x110000))
    wrong = [char for char in every if any(map(is_wrong, char + unicodedata.normalize("NFKC", char)))]
    assert len(wrong) > 2000
    assert not [char for char in wrong if any(map(is_wrong, shown(f"a{char}b")))]


@given(ANY_NAME)
def test_what_an_answer_says_is_what_is_shown(name: str) -> None:
    header = attachment(name)
    assert header.isascii()
    assert header.isprintable()
    assert name_in(header) == shown(name)


@given(st.text(st.characters(max_codepoint=255)) | ANY_NAME)
def test_any_header_is_read_or_refused(header: str) -> None:
    for value in (header, f'attachment; filename="{header}"', f"inline; filename*=UTF-8''{header}"):
        try:
            name = name_in(value)
        except UnusableName:
            continue
        assert name is None or (1 <= len(name) <= 255 and "\x00" not in name and name.encode())
