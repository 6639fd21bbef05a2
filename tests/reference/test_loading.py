"""What is read is exactly as declared, or the error says where it is not."""

import json
from pathlib import Path

import pytest

from reference import BrokenReference, Reference, load


def read_all(folder: Path) -> Reference:
    reference = load(folder.as_uri())
    assert reference.territory
    assert reference.natinf
    assert reference.nataff
    return reference


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), "utf-8")


def test_a_sound_folder_is_read_whole(folder: Path) -> None:
    reference = read_all(folder)
    assert reference.communes.by_code["33063"].name == "Bordeaux"
    assert reference.courts["tj33063"].city == "Bordeaux"
    assert "22661" in reference.natinf


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "column"),
    [
        ("communes.csv", "33063,Bordeaux", "3306,Bordeaux", 7, "code_insee"),
        ("communes.csv", "33063,Bordeaux,COM", "33063,Bordeaux,VILLE", 7, "type"),
        ("communes.csv", "33063,Bordeaux", "33063,", 7, "nom"),
        ("communes.csv", "33036,Bazas", "33063,Bazas", 7, "code_insee"),
        ("communes.csv", "ARM,13055", "ARM,13056", 5, "code_parent"),
        ("communes.csv", "33063,Bordeaux,COM,", "33063,Bordeaux,COM,33036", 7, "code_parent"),
        ("communes.csv", "33430,4854", "33430,many", 6, "population"),
        ("communes.csv", "33430,4854", "3343,4854", 6, "codes_postaux"),
        ("communes.csv", "33430,4854", "33430,4854,0", 6, ""),
        ("communes.csv", "code_insee,nom", "code,nom", 1, "code_insee"),
        ("competence.csv", "33063,100094", "33063,100000", 8, "code_tj"),
        ("competence.csv", "33063,100094,100009", "33063,100094,100021", 8, "code_ca"),
        ("competence.csv", "33063,", "33999,", 8, "code_insee"),
        ("competence.csv", "33036,", "33063,", 8, "code_insee"),
        ("tribunals.csv", "tj33063", "bordeaux", 5, "code_judilibre"),
        ("tribunals.csv", "tj33063", "tj64102", 6, "code_judilibre"),
        ("tribunals.csv", "100094,1,94,TJ,", "100094,1,94,TGI,", 5, "type"),
        ("natinf.csv", "\n22661,", "\n022661,", 3, "code"),
        ("natinf.csv", "\n22661,", "\n7,", 3, "code"),
        ("nataff.csv", "A1,A,2", "A1,B,2", 4, "code_parent"),
        ("nataff.csv", "A1,A,2", "A1,A,3", 4, "niveau"),
    ],
)
def test_a_broken_cell_is_named_by_file_line_and_column(
    folder: Path, file: str, old: str, new: str, line: int, column: str
) -> None:
    change(folder / file, old, new)
    with pytest.raises(BrokenReference) as caught:
        read_all(folder)
    assert (caught.value.file, caught.value.line, caught.value.column) == (file, line, column)


def test_a_file_shorter_than_its_manifest_says_is_refused(folder: Path) -> None:
    lines = (folder / "natinf.csv").read_text("utf-8").splitlines(keepends=True)
    (folder / "natinf.csv").write_text("".join(lines[:-1]), "utf-8")
    with pytest.raises(BrokenReference, match=r"natinf\.csv.*1 rows, the manifest says 2"):
        read_all(folder)


def test_bytes_that_are_not_utf8_are_named_by_their_line(folder: Path) -> None:
    data = (folder / "nataff.csv").read_bytes().replace("entrainé".encode(), "entrainé".encode("latin-1"))
    (folder / "nataff.csv").write_bytes(data)
    with pytest.raises(BrokenReference, match=r"nataff\.csv, line 4, .*UTF-8"):
        read_all(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "tribunals.csv").unlink()
    with pytest.raises(BrokenReference, match=r"tribunals\.csv.*cannot be read"):
        read_all(folder)


def test_a_file_that_the_manifest_does_not_list_is_not_read(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    del manifest["files"]["natinf.csv"]
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(BrokenReference, match=r"manifest\.json.*files/natinf\.csv"):
        read_all(folder)


def test_an_unknown_field_is_refused_with_its_place(folder: Path) -> None:
    change(folder / "manifest.json", '"2026-11-24", "files"', '"x", "y"')
    with pytest.raises(BrokenReference) as caught:
        read_all(folder)
    assert caught.value.file == "manifest.json"


def test_the_parts_that_nobody_asks_for_are_not_read(folder: Path) -> None:
    (folder / "natinf.csv").unlink()
    assert load(folder.as_uri()).territory.attachment("33063") is not None


def test_a_commune_that_is_gone_stays_known_while_it_leads_to_a_court(folder: Path) -> None:
    reference = read_all(folder)
    gone = reference.communes.by_code["02311"]
    assert (gone.kind, gone.department_name) == ("FORMER", "Aisne")
    attachment = reference.territory.attachment("02311")
    assert attachment is not None
    assert attachment.court.city == "Soissons"


def test_a_part_of_a_commune_without_a_row_of_its_own_follows_the_commune(folder: Path) -> None:
    text = (folder / "competence.csv").read_text("utf-8")
    (folder / "competence.csv").write_text(
        "".join(x for x in text.splitlines(True) if not x.startswith("13201")), "utf-8"
    )
    manifest = (folder / "manifest.json").read_text("utf-8")
    (folder / "manifest.json").write_text(
        manifest.replace('"rows": 8, "complete": true', '"rows": 7, "complete": true')
    )
    attachment = read_all(folder).territory.attachment("13201")
    assert attachment is not None
    assert (attachment.court.code, attachment.inherited_from) == ("tj13055", "13055")


@pytest.mark.parametrize(
    "url", ["https://example.org/reference", "s3://bucket/reference", "/srv/reference", "file:", ""]
)
def test_only_a_folder_on_this_machine_is_taken(url: str) -> None:
    with pytest.raises(ValueError, match="file:///"):
        load(url)
