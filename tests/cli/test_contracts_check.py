"""The gate on copies of the project in which something was changed: what breaks is named with whom, the rest passes."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from cli.contracts import group
from cli.contracts_tree import Tree
from tests.processes import ROOT

Change = Callable[[str, str, str], None]
PROCEDURE = "fr.justice.infoparquet.procedure"
IN_CODE = "contracts/src/infoparquet_contracts"


def run(*words: str) -> Result:
    app = typer.Typer()
    app.add_typer(group, name="contracts")
    return CliRunner().invoke(app, ["contracts", *words])


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The contracts alone, as somebody is about to change them."""
    folder = tmp_path / "copie du projet"
    for part in (IN_CODE, "contracts/released/1.0.0"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    write_schemas(folder)
    return folder


@pytest.fixture
def change(tree: Path) -> Change:
    def changed(module: str, old: str, new: str) -> None:
        replace(tree / IN_CODE / module, old, new)

    return changed


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def write_schemas(tree: Path) -> None:
    """What `make contracts` leaves."""
    folder = tree / "contracts/schemas"
    folder.mkdir()
    for one in Tree(tree).said():
        (folder / f"{one.type}.json").write_text(json.dumps(one.schema), "utf-8")


def checked(tree: Path, *words: str) -> dict[str, Any]:
    """What the command says as a document; its exit code agrees with it."""
    result = run("check", "--tree", str(tree), "--json", *words)
    assert result.exit_code in (0, 1), result.output
    document: dict[str, Any] = json.loads(result.stdout)
    assert document["compatible"] == (result.exit_code == 0)
    return document


def told(document: dict[str, Any]) -> set[tuple[str, str, str, str | None]]:
    return {
        (one["type"].removeprefix(f"{PROCEDURE}."), one["field"], one["kind"], one["direction"])
        for one in document["breaks"]
    }


def consumers(document: dict[str, Any], field: str) -> dict[str, list[str]]:
    return {
        one["name"]: one["reads_at"]
        for told in document["breaks"]
        if told["field"] == field
        for one in told["consumers"]
    }


def test_the_project_fits_everything_that_was_released() -> None:
    command = [sys.executable, "-m", "cli.main", "contracts", "check", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)  # noqa: S603 - our own words
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert (document["breaks"], document["free_text"]) == ([], [])
    assert "1.0.0" in document["against"]


def test_the_project_is_the_one_around_the_current_folder(tree: Path, change: Change) -> None:
    change("facts.py", "    authority: AuthorityCode\n", "")
    command = [sys.executable, "-P", "-m", "cli.main", "contracts", "check", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tree / "contracts/src", check=False)  # noqa: S603 - our own words
    assert done.returncode == 1, done.stderr
    assert [one["field"] for one in json.loads(done.stdout)["breaks"]] == ["/authority"]


def test_an_unchanged_copy_passes(tree: Path) -> None:
    assert checked(tree)["compatible"]


def test_a_removed_field_is_named_with_those_that_read_it(tree: Path, change: Change) -> None:
    change("facts.py", "    authority: AuthorityCode\n", "")
    document = checked(tree)
    assert told(document) == {("numbered.v1", "/authority", "field-removed", "forward")}
    (one,) = document["breaks"]
    assert (one["version"], one["released"], one["was"], one["now"]) == (1, "1.0.0", "required", "absent")
    assert f"{PROCEDURE}.numbered.v2" in one["remedy"]
    # Query shows every fact whole; intake decodes it, and reads nothing but the number.
    assert "query" in consumers(document, "/authority")
    assert "intake" not in consumers(document, "/authority")
    assert "intake" in one["decoded_by"]


def test_a_renamed_field_is_named_by_both_names(tree: Path, change: Change) -> None:
    change("facts.py", "    reason: WithdrawalReason\n", "    motive: WithdrawalReason\n")
    document = checked(tree)
    assert told(document) == {
        ("withdrawn.v1", "/reason", "field-renamed", "backward"),
        ("withdrawn.v1", "/reason", "field-renamed", "forward"),
    }
    assert {(one["was"], one["now"]) for one in document["breaks"]} == {("reason", "motive")}
    place = next(
        number
        for number, line in enumerate((ROOT / "services/routing/progress.py").read_text("utf-8").splitlines(), start=1)
        if "facts.Withdrawn(reason=reason)" in line
    )
    assert f"services/routing/progress.py:{place}" in consumers(document, "/reason")["routing"]


def test_a_field_that_became_required_is_named(tree: Path, change: Change) -> None:
    change("parts.py", "    aerodrome: bool | None = None\n", "    aerodrome: bool | None\n")
    document = checked(tree)
    assert ("submitted.v1", "/places/*/aerodrome", "field-required", "backward") in told(document)
    assert ("fr.justice.infoparquet.tribunal.delivery.v1", "/places/*/aerodrome", "field-required", "backward") in told(
        document
    )
    assert "tribunal:*" in consumers(document, "/places/*/aerodrome")


def test_a_narrowed_field_is_named_wherever_it_is(tree: Path, change: Change) -> None:
    change(
        "identifiers.py",
        "Partition = Annotated[int, Field(strict=True, ge=0",
        "Partition = Annotated[int, Field(strict=True, ge=1",
    )
    document = checked(tree)
    assert ("delivered.v1", "/partition", "narrowed", "backward") in told(document)
    dead = next(one for one in document["breaks"] if "dead-letter" in one["type"])
    assert [one["name"] for one in dead["consumers"]] == ["operator"]


def test_a_value_cut_from_an_enum_is_named_with_the_field(tree: Path, change: Change) -> None:
    change("codes.py", '    SETTLED = "settled", "Transaction ou sanction administrative"\n', "")
    document = checked(tree)
    assert ("withdrawn.v1", "/reason", "enum-cut", "backward") in told(document)
    assert {"routing", "query"} <= consumers(document, "/reason").keys()


def test_a_field_within_a_field_is_named_by_its_path(tree: Path, change: Change) -> None:
    change("parts.py", '    from_: Day | None = Field(alias="from")\n', "")
    document = checked(tree)
    assert ("submitted.v1", "/facts/from", "field-removed", "forward") in told(document)
    assert "routing" in consumers(document, "/facts/from")


def test_a_released_type_that_is_gone_is_named_with_those_that_take_it(tree: Path, change: Change) -> None:
    change("registry.py", "    facts.Overdue,\n", "")
    document = checked(tree)
    assert told(document) == {("overdue.v1", "", "type-removed", "backward")}
    assert "query" in consumers(document, "")


def test_a_reply_s_reader_is_routing(tree: Path, change: Change) -> None:
    change("replies.py", "    section: SectionCode\n", "    section: SectionCode | None\n")
    document = checked(tree)
    assert {one["kind"] for one in document["breaks"]} == {"widened"}
    assert list(consumers(document, "/section")) == ["routing"]


def test_an_optional_field_passes(tree: Path, change: Change) -> None:
    change(
        "facts.py",
        "    recipient: Organisation\n",
        "    recipient: Organisation\n    second: Organisation | None = None\n",
    )
    document = checked(tree)
    assert document["compatible"]
    assert [one for one in document["to_confirm"] if "notified" in one["type"]] == [
        {
            "type": f"{PROCEDURE}.notified.v1",
            "field": "",
            "what": "not-generated",
            "was": f"contracts/schemas/{PROCEDURE}.notified.v1.json",
            "now": "changed",
        }
    ]


def add_fact(change: Change, field: str) -> None:
    fact = f'''class Archived(Payload):
    event_type: ClassVar[str] = "{PROCEDURE}.archived.v1"
    fact: ClassVar[str] = "archived"

    {field}


class Overdue(Payload):'''
    change("facts.py", "class Overdue(Payload):", fact)
    change("registry.py", "    facts.Overdue,\n", "    facts.Overdue,\n    facts.Archived,\n")


def test_a_new_fact_passes(tree: Path, change: Change) -> None:
    add_fact(change, "at: Time")
    assert checked(tree)["compatible"]


def test_a_new_fact_that_could_never_be_compared_is_refused_before_it_is_released(tree: Path, change: Change) -> None:
    add_fact(change, "pair: tuple[Natinf, Nataff]")
    document = checked(tree)
    assert told(document) == {("archived.v1", "/pair", "unsupported-keyword", None)}
    assert document["breaks"][0]["now"] == "prefixItems"


def test_another_meaning_is_left_to_people(tree: Path, change: Change) -> None:
    change("facts.py", "`about` is the fact that was told.", "`about` is the fact before it.")
    document = checked(tree)
    assert document["compatible"]
    assert "description" in {one["what"] for one in document["to_confirm"]}


@pytest.mark.parametrize("kind", ["str", "Annotated[str, Field(max_length=20)]", "dict[str, int]"])
def test_a_field_open_to_words_is_refused(tree: Path, change: Change, kind: str) -> None:
    change(
        "facts.py", "    recipient: Organisation\n", f"    recipient: Organisation\n    note: {kind} | None = None\n"
    )
    document = checked(tree)
    assert document["breaks"] == []
    assert document["free_text"] == [{"type": f"{PROCEDURE}.notified.v1", "field": "/note"}]


def test_a_schema_file_edited_by_itself_is_compared_too(tree: Path) -> None:
    file = tree / f"contracts/schemas/{PROCEDURE}.numbered.v1.json"
    schema = json.loads(file.read_text("utf-8"))
    del schema["properties"]["authority"]
    schema["required"].remove("authority")
    file.write_text(json.dumps(schema), "utf-8")
    document = checked(tree)
    assert told(document) == {("numbered.v1", "/authority", "field-removed", "forward")}
    assert "not-generated" in {one["what"] for one in document["to_confirm"]}


def test_every_release_counts_unless_one_is_asked_for(tree: Path, change: Change) -> None:
    change(
        "facts.py",
        "    recipient: Organisation\n",
        "    recipient: Organisation\n    second: Organisation | None = None\n",
    )
    assert run("release", "1.1.0", "--tree", str(tree)).exit_code == 0
    change("facts.py", "    second: Organisation | None = None\n", "    second: WordsId | None = None\n")
    every = checked(tree)
    assert every["against"] == ["1.0.0", "1.1.0"]
    assert {(one["field"], one["released"]) for one in every["breaks"]} == {("/second", "1.1.0")}
    assert checked(tree, "--against", "1.0.0")["compatible"]
    assert not checked(tree, "--against", str(tree / "contracts/released/1.1.0"))["compatible"]


def git(tree: Path, *words: str) -> None:
    who = ("-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(tree), *who, *words], check=True, capture_output=True)  # noqa: S603, S607 - our own words


def test_a_release_that_was_rewritten_since_a_revision_is_named(tree: Path) -> None:
    git(tree, "init", "-q")
    git(tree, "add", ".")
    git(tree, "commit", "-qm", "Released")
    assert checked(tree, "--against", "HEAD")["against"] == ["1.0.0", "HEAD"]
    file = tree / f"contracts/released/1.0.0/{PROCEDURE}.numbered.v1.json"
    replace(file, '"maxLength": 32', '"maxLength": 31')
    assert ("numbered.v1", "", "release-rewritten", None) in told(checked(tree, "--against", "HEAD"))
    file.unlink()
    assert ("numbered.v1", "", "release-rewritten", None) in told(checked(tree, "--against", "HEAD"))


def test_a_revision_at_which_nothing_was_released_is_wrong_use(tree: Path) -> None:
    git(tree, "init", "-q")
    git(tree, "commit", "-qm", "Before", "--allow-empty")
    result = run("check", "--tree", str(tree), "--against", "HEAD")
    assert result.exit_code == 2
    assert "Référence inconnue : HEAD, où rien n’était publié." in result.stderr


@pytest.mark.parametrize("reference", ["9.9.9", "no-such-branch", "--output=x", "../nowhere"])
def test_an_unknown_reference_is_wrong_use(tree: Path, reference: str) -> None:
    result = run("check", "--tree", str(tree), f"--against={reference}")
    assert result.exit_code == 2
    assert f"Référence inconnue : {reference}" in result.stderr


def test_a_folder_without_contracts_is_wrong_use(tmp_path: Path) -> None:
    result = run("check", "--tree", str(tmp_path))
    assert result.exit_code == 2
    assert "Pas de contrats dans" in result.stderr


def test_code_that_does_not_load_is_told_with_its_place(tree: Path, change: Change) -> None:
    change("facts.py", "    authority: AuthorityCode\n", "    authority: Authority\n")
    result = run("check", "--tree", str(tree))
    assert result.exit_code == 1
    assert "ne se chargent pas" in result.stderr
    assert "facts.py" in result.stderr
    assert "NameError: name 'Authority' is not defined" in result.stderr


def test_a_file_that_is_no_schema_is_named(tree: Path) -> None:
    file = tree / f"contracts/released/1.0.0/{PROCEDURE}.numbered.v1.json"
    file.write_text("{", "utf-8")
    result = run("check", "--tree", str(tree))
    assert result.exit_code == 2
    assert file.name in result.stderr


def test_in_words_each_break_has_its_remedy_within_the_columns(tree: Path, change: Change) -> None:
    change("facts.py", "    reason: WithdrawalReason\n", "    motive: WithdrawalReason\n")
    said = run("check", "--tree", str(tree)).stdout
    for words in ("champ     /reason", "champ renommé (field-renamed)", "qui       intake : ", "remède    gardez"):
        assert words in said
    assert "Incompatible avec 1.0.0 : 2 rupture(s)." in said
    assert max(map(len, said.splitlines())) <= 80


def test_a_release_is_written_once_and_only_of_what_is_compatible(tree: Path, change: Change) -> None:
    for version in ("1.0.0", "0.9.0", "un", "1.1"):
        assert run("release", version, "--tree", str(tree)).exit_code == 2
    change("facts.py", "    authority: AuthorityCode\n", "")
    refused = run("release", "1.1.0", "--tree", str(tree))
    assert refused.exit_code == 1
    assert "Rien n’est publié." in refused.stderr
    assert [one.name for one in (tree / "contracts/released").iterdir()] == ["1.0.0"]
    change("facts.py", "    number: Number\n", "    number: Number\n    authority: AuthorityCode\n")
    assert "Version 1.1.0 publiée" in run("release", "1.1.0", "--tree", str(tree)).stdout
    names = {file.name for file in (tree / "contracts/schemas").iterdir()}
    assert {file.name for file in (tree / "contracts/released/1.1.0").iterdir()} == names
