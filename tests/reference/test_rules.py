"""Rules that could not be applied as they are written are refused with their line; the others are found by code."""

import datetime as dt
from pathlib import Path

import pytest

from reference import BrokenReference, default_url, load
from reference.rules import Matter, Rules

RULES = load(default_url()).rules
ANOTHER = """
[[subject]]
id = "cpp-706-2-harm-again"
matter = "harm"
jurisdiction = "PSP"
tribunal = "pnf"
effect = "decides"
priority = 1
legal_basis = "CPP art. 706-2"
from = 2010-01-01
verified = true
"""
AGAIN = """
[[territorial]]
id = "cpp-43-facts-again"
ground = "facts"
legal_basis = "CPP art. 43"
from = 1990-01-01
"""


def refused(folder: Path, old: str, new: str, *, rows: int = 3) -> BrokenReference:
    """What is said of the folder's rules once one text is replaced by another."""
    file = folder / "rules.toml"
    text = file.read_text("utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), "utf-8")
    manifest = folder / "manifest.json"
    counted = '"rules.toml": {"date": "2026-11-24", "rows": 3'
    assert counted in manifest.read_text("utf-8")
    manifest.write_text(manifest.read_text("utf-8").replace(counted, counted[:-1] + str(rows)), "utf-8")
    with pytest.raises(BrokenReference) as caught:
        _ = load(folder.as_uri()).rules
    return caught.value


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ('ground = "arrest"', 'ground = "rumour"', 9, "Input should be"),
        ('id = "cpp-43-arrest"', 'id = "cpp-43-facts"', 8, "is there twice"),
        ('matter = "harm"', 'matter = "harms"', 20, "is no matter of this file"),
        ('jurisdiction = "PSP"', 'jurisdiction = "PSQ"', 21, "is no specialised jurisdiction"),
        ('effect = "decides"', 'effect = "orders"', 23, "Input should be"),
        ("priority = 1\n", "", 23, "needs a priority"),
        ("from = 2002-03-05", "from = 2002-03-05\nuntil = 2001-01-01", 27, "can never match: it ends before"),
        ('nataff = ["A"]', 'nataff = ["Z9"]', 15, "Z9 can never match"),
        ('nataff = ["A"]\narticles = ["C.M.F. L163-2"]', "", 13, "nothing can ever match it"),
        ('articles = ["C.M.F. L163-2"]', 'articles = ["C.M.F. L163-2..L163-1"]', 16, "ends before it begins"),
        ('articles = ["C.M.F. L163-2"]', 'domains = ["Aviation"]', 16, "no NATINF is of it"),
        ('formation = "public-health"', 'formation = "public-health"\ntribunal = "pnf"', 18, "either a national"),
        ("verified = true", 'verified = true\nrequires = "dans les affaires complexes"', 18, "can only inform"),
        ("from = 1958-04-08\n\n[matters.harm]", "from = 1958\n\n[matters.harm]", 11, "date"),
        ("[matters.harm]", "[matters.harm", 13, "Expected"),
    ],
)
def test_what_cannot_be_applied_is_refused_with_its_line(
    folder: Path, old: str, new: str, line: int, problem: str
) -> None:
    said = refused(folder, old, new)
    assert (said.file, said.line) == ("rules.toml", line), said
    assert problem in said.problem


def test_two_rules_that_decide_the_same_need_priorities_of_their_own(folder: Path) -> None:
    said = refused(folder, "verified = true\n", "verified = true\n" + ANOTHER, rows=4)
    assert (said.line, said.column) == (35, "subject/1/priority")
    assert "cpp-706-2-harm-again overlaps cpp-706-2-harm" in said.problem


def test_two_rules_of_one_ground_at_one_time_overlap(folder: Path) -> None:
    said = refused(folder, "\n[matters.harm]", AGAIN + "\n[matters.harm]", rows=4)
    assert (said.line, said.problem) == (
        17,
        "cpp-43-facts-again overlaps cpp-43-facts: one ground, at the same time",
    )


def test_a_rule_that_decides_with_a_seat_that_nobody_verified_is_refused(folder: Path) -> None:
    file = folder / "specialised.json"
    file.write_text(file.read_text("utf-8").replace('"verified": true', '"verified": false'), "utf-8")
    with pytest.raises(BrokenReference, match=r"rules\.toml, line 23.*a seat of PSP is not verified"):
        _ = load(folder.as_uri()).rules


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [("100059", "100058", "100058 is no court"), ("100021", "999999", "999999 is no court of appeal")],
)
def test_a_seat_or_a_court_of_appeal_that_is_none_is_refused(folder: Path, old: str, new: str, problem: str) -> None:
    file = folder / "specialised.json"
    file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(BrokenReference, match=problem):
        _ = load(folder.as_uri()).rules


def test_a_file_that_was_cut_between_two_rules_is_noticed(folder: Path) -> None:
    text = (folder / "rules.toml").read_text("utf-8")
    (folder / "rules.toml").write_text(text[text.index("[[territorial]]", 5) :], "utf-8")
    with pytest.raises(BrokenReference, match="2 entries, the manifest says 3"):
        _ = load(folder.as_uri()).rules


def found(rules: Rules, natinf: tuple[str, ...] = (), nataff: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    return {subject.rule.id: (*offences, *affairs) for subject, offences, affairs in rules.about(natinf, nataff)}


def test_an_offence_is_found_by_its_number_its_articles_and_its_part_of_the_list(folder: Path) -> None:
    # 7 is defined by article L163-2 of the code monétaire et financier.
    assert found(load(folder.as_uri()).rules, natinf=("7", "22661")) == {"cpp-706-2-harm": ("7",)}
    assert found(RULES, natinf=("27098",)) == {
        "cpp-706-107-marine-pollution": ("27098",),
        "cpp-706-2-3-environment": ("27098",),
    }
    # A contravention is none of the environment poles'.
    assert found(RULES, natinf=("3434",)) == {}


def test_a_nataff_code_is_of_its_parents_families() -> None:
    assert found(RULES, nataff=("J51",)) == found(RULES, nataff=("J5",)) | {"cpp-706-2-3-environment": ("J51",)}
    assert found(RULES, nataff=("K1", "L")) == {}


def test_every_rule_that_comes_with_the_package_is_dated_and_leads_somewhere() -> None:
    assert len(RULES.subjects) == 14
    for subject in RULES.subjects:
        assert subject.jurisdiction.exists(max(subject.rule.from_, dt.date(2026, 11, 24)))
        assert subject.matter.title


def test_no_rule_that_comes_with_the_package_decides_before_somebody_verified_it() -> None:
    deciding = [subject.rule for subject in RULES.subjects if subject.rule.effect == "decides"]
    assert [(rule.id, rule.verified) for rule in deciding] == [("cpp-705-1-market-abuse", False)]


def test_a_rank_that_is_not_of_the_family_excludes_even_a_number() -> None:
    matter = Matter(title="x", natinf=("7",), without_ranks=("Délit",))
    assert not matter.holds(load(default_url()).natinf["7"], ())
