"""What is wrong with an official file is said once, in French, with its line, its column and what is expected."""

import datetime as dt
from pathlib import Path

import pytest

from reference.imports.kinds import Kind, propose
from reference.imports.official import LONGEST_CELL, Refused
from reference.imports.proposal import Present
from tests.reference.official_files import (
    COG_HEADER,
    COMPETENCE_HEADER,
    MOVEMENTS_HEADER,
    NATINF_HEADER,
    a_commune,
    a_movement,
    attached,
)

DAY = dt.date(2026, 11, 24)
LINE = "7;Délit;QUALIFICATION;ART.1;ART.2"
SOUND = f"{NATINF_HEADER}\n{LINE}\n"


def refused(kind: Kind, content: bytes, small_folder: Path, tmp_path: Path) -> Refused:
    file = tmp_path / "officiel.csv"
    file.write_bytes(content)
    with pytest.raises(Refused) as caught:
        propose(kind, file, Present(small_folder), DAY)
    return caught.value


@pytest.mark.parametrize(
    ("content", "line", "column", "words"),
    [
        (b"", 0, "", "vide"),
        (b" \n\n", 0, "", "vide"),
        (SOUND.encode(), 1, "", "attendu : latin-1 (Windows-1252) ; celui-ci est en UTF-8"),
        (SOUND.encode("utf-16"), 0, "", "octets nuls"),
        (b"abc\x81\n", 1, "", "mauvais encodage ; attendu : latin-1"),
        (SOUND.replace(";", ",").encode("cp1252"), 1, "", "mauvais séparateur : « , » ; attendu : « ; »"),
        (SOUND.replace(";", "\t").encode("cp1252"), 1, "", "mauvais séparateur : « tabulation »"),
        (SOUND.replace("Définie", "Defi").encode("cp1252"), 1, "Définie par", "colonne absente ; colonnes attendues"),
        (f"{NATINF_HEADER}\n".encode("cp1252"), 1, "", "aucune ligne"),
        (SOUND[:-9].encode("cp1252"), 2, "Définie par", "4 cellules, 5 attendues ; le fichier est-il tronqué ?"),
        (SOUND[:-1].encode("cp1252"), 2, "", "semble tronqué"),
        (SOUND.replace("ART.1", '"ART.1').encode("cp1252"), 2, "", "guillemets mal fermés ou fichier tronqué"),
        (
            SOUND.replace("ART.1", "A" * (LONGEST_CELL + 1)).encode("cp1252"),
            2,
            "Définie par",
            f"cellule de {LONGEST_CELL + 1} caractères",
        ),
        (SOUND.replace("ART.1", "A" * 200_000).encode("cp1252"), 2, "Définie par", "200000"),
        (SOUND.replace("7;", "0;").encode("cp1252"), 2, "Numéro NATINF", "1 à 5 chiffres"),
        (f"{SOUND}{LINE}\n".encode("cp1252"), 3, "Numéro NATINF", "deux fois"),
        (SOUND.replace("QUALIFICATION", " ").encode("cp1252"), 2, "Qualification de l'infraction", "pas de qualif"),
    ],
)
def test_a_list_of_offences_that_is_not_as_published(
    small_folder: Path, tmp_path: Path, content: bytes, line: int, column: str, words: str
) -> None:
    error = refused(Kind.NATINF, content, small_folder, tmp_path)
    assert (error.line, error.column) == (line, column)
    assert words in str(error)
    assert "officiel.csv" in str(error)


@pytest.mark.parametrize(
    ("line", "column", "words"),
    [
        (attached("33063", "Bordeaux", "999", "9", "Tribunal de Nulle-Part"), "N° TJ", "tribunal inconnu : 100999"),
        (attached("33063", "Bordeaux", "94", "21"), "N° CA", "100021 n’est pas la cour d’appel connue"),
        (attached("33063", "Bordeaux", "94", "9", origin="x"), "Orig. TJ", "n’est pas un chiffre"),
        (attached("33063", "Bordeaux", "94a", "9"), "N° TJ", "n’est pas un numéro"),
        (attached("3306", "Bordeaux", "94", "9"), "Commune", "n’est pas un code INSEE"),
        (attached("99063", "Ailleurs", "94", "9"), "Commune", "aucune commune connue"),
    ],
)
def test_a_file_of_competence_that_is_wrong(
    small_folder: Path, tmp_path: Path, line: str, column: str, words: str
) -> None:
    before = attached("33036", "Bazas", "94", "9")
    content = f"{COMPETENCE_HEADER}\n{before}\n{line}\n".encode("cp1252")
    error = refused(Kind.COMPETENCE, content, small_folder, tmp_path)
    assert (error.line, error.column) == (3, column)
    assert words in error.problem


def test_a_commune_cannot_have_two_courts(small_folder: Path, tmp_path: Path) -> None:
    lines = [attached("33063", "Bordeaux", "94", "9"), attached("33063", "Bordeaux", "159", "21")]
    error = refused(
        Kind.COMPETENCE, "\n".join([COMPETENCE_HEADER, *lines, ""]).encode("cp1252"), small_folder, tmp_path
    )
    assert (error.line, error.column) == (3, "N° TJ")


@pytest.mark.parametrize(
    ("header", "line", "column", "words"),
    [
        (COG_HEADER, a_commune("33063", "Bordeaux", department="97"), "DEP", "département inconnu"),
        (COG_HEADER, a_commune("33x63", "Bordeaux"), "COM", "n’est pas un code INSEE"),
        (COG_HEADER, a_commune("33063", "Bordeaux", kind="VILLE"), "TYPECOM", "n’est aucun de"),
        (COG_HEADER, a_commune("33064", "Là", kind="COMD", parent="33099"), "COMPARENT", "n’est pas une commune"),
        (COG_HEADER, a_commune("33064", "Là", kind="COMD"), "COMPARENT", "pour une ligne COMD"),
        (COG_HEADER, a_commune("33064", ""), "LIBELLE", "pas de nom"),
        (MOVEMENTS_HEADER, a_movement("2019-13-01", "33001", "33063"), "DATE_EFF", "n’est pas une date"),
        (MOVEMENTS_HEADER, a_movement("2019-01-01", "3301", "33063"), "COM_AV", "n’est pas un code INSEE"),
    ],
)
def test_a_file_of_insee_that_is_wrong(
    small_folder: Path, tmp_path: Path, header: str, line: str, column: str, words: str
) -> None:
    error = refused(Kind.COMMUNES, f"{header}\n{line}\n".encode(), small_folder, tmp_path)
    assert (error.line, error.column) == (2, column)
    assert words in error.problem


@pytest.mark.parametrize("header", [COG_HEADER, MOVEMENTS_HEADER])
def test_insee_writes_utf_8_and_commas(small_folder: Path, tmp_path: Path, header: str) -> None:
    latin = refused(Kind.COMMUNES, f"{header}\nCOM,é\n".encode("cp1252"), small_folder, tmp_path)
    assert (latin.line, latin.problem) == (2, "mauvais encodage ; attendu : UTF-8.")
    semicolons = refused(Kind.COMMUNES, f"{header}\nCOM\n".replace(",", ";").encode(), small_folder, tmp_path)
    assert "mauvais séparateur : « ; » ; attendu : « , »" in semicolons.problem


@pytest.mark.parametrize(
    ("lines", "line", "words"),
    [
        ("A;Un\nB12;Deux\n", 3, "B1"),
        ("A;Un\nA;Deux\n", 3, "deux fois"),
        ("A;\n", 2, "pas de libellé"),
        ("a;Un\n", 2, "une lettre suivie"),
    ],
)
def test_a_nomenclature_that_is_wrong(small_folder: Path, tmp_path: Path, lines: str, line: int, words: str) -> None:
    error = refused(Kind.NATAFF, f"CODE;libelle\n{lines}".encode(), small_folder, tmp_path)
    assert error.line == line
    assert words in error.problem


def test_a_file_that_is_not_there(small_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="lecture impossible"):
        propose(Kind.NATINF, tmp_path / "absent.csv", Present(small_folder), DAY)
    with pytest.raises(Refused, match="lecture impossible"):
        propose(Kind.NATINF, tmp_path, Present(small_folder), DAY)
