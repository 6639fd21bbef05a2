"""What official files make of the data that are held, and what they say would change."""

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from reference import Reference
from reference.bundle import PACKAGED
from reference.imports.difference import Change
from reference.imports.kinds import Kind, propose
from reference.imports.proposal import Present, Proposal, changes_nothing, write
from reference.manifest import Folder
from tests.reference.official_files import (
    COG_HEADER,
    COMPETENCE_HEADER,
    MINISTRY,
    MOVEMENTS_HEADER,
    NATINF_HEADER,
    a_commune,
    a_file,
    a_movement,
    as_published,
    attached,
)

DAY = dt.date(2026, 7, 1)
BORDEAUX, BAYONNE = "Tribunal judiciaire de Bordeaux", "Tribunal judiciaire de Bayonne"
HELD = (
    attached("33063", "Bordeaux", "94", "9"),
    attached("33036", "Bazas", "94", "9"),
    attached("64102", "Bayonne", "159", "21"),
    attached("13055", "Marseille", "59", "1"),
    attached("02722", "Soissons", "42", "28"),
    attached("01014", "Arbent", "39", "23"),
)
COG = (
    a_commune("33063", "Bordeaux"),
    a_commune("33036", "Bazas"),
    a_commune("64102", "Bayonne", "64"),
    a_commune("13055", "Marseille", "13"),
    a_commune("13201", "Marseille 1er Arrondissement", "13", kind="ARM", parent="13055"),
    a_commune("02722", "Soissons", "02"),
    a_commune("01014", "Arbent", "01"),
)

Import = Callable[..., tuple[Proposal, Reference]]


@pytest.fixture
def imported(folder: Path, tmp_path: Path) -> Import:
    """Imports a file of these lines into the folder's present version, which becomes the next one."""

    def make(kind: Kind, header: str, *lines: str, encoding: str = "utf-8") -> tuple[Proposal, Reference]:
        file = a_file(tmp_path / "officiel.csv", header, *lines, encoding=encoding)
        present = Present(folder)
        proposal = propose(kind, file, present, DAY)
        made = tmp_path / "made"
        made.mkdir()
        write(proposal, present, made, dated=DAY, source=None)
        shutil.rmtree(folder)
        made.rename(folder)
        return proposal, Reference(Folder(folder))

    return make


def test_the_file_that_is_held_changes_no_court(imported: Import) -> None:
    proposal, reference = imported(Kind.COMPETENCE, COMPETENCE_HEADER, *HELD, encoding=MINISTRY)
    assert proposal.difference.empty
    sheet = reference.sheets["competence.csv"]
    assert (sheet.date, sheet.rows, sheet.complete) == (DAY, 8, True)


def test_a_commune_changes_court_and_its_parts_with_it(imported: Import) -> None:
    moved = attached("13055", "Marseille", "94", "9")
    lines = [line for line in HELD if not line.startswith("13055")]
    proposal, reference = imported(Kind.COMPETENCE, COMPETENCE_HEADER, *lines, moved, encoding=MINISTRY)
    marseille = "Tribunal judiciaire de Marseille"
    assert proposal.difference.sections == {
        "courts_gone": (Change("tj13055", marseille),),
        "moved": (
            Change("13055", "Marseille", marseille, BORDEAUX),
            Change("13201", "Marseille 1er Arrondissement", marseille, BORDEAUX),
        ),
    }
    assert proposal.difference.losses == 1
    attachment = reference.territory.attachment("13201")
    assert attachment is not None
    assert (attachment.court.code, attachment.inherited_from) == ("tj33063", "13055")


def test_what_the_ministry_no_longer_has_is_lost_and_what_it_never_had_is_kept(imported: Import) -> None:
    lines = [line for line in HELD if not line.startswith("33036")]
    proposal, reference = imported(Kind.COMPETENCE, COMPETENCE_HEADER, *lines, encoding=MINISTRY)
    assert proposal.difference.sections == {"gone": (Change("33036", "Bazas", BORDEAUX),)}
    assert reference.territory.attachment("33036") is None
    # Gone before, and not in any file since.
    assert reference.territory.attachment("02311") is not None


def test_a_commune_that_the_geographical_code_lacks_is_told_and_kept(imported: Import) -> None:
    more = attached("33001", "Abzac", "94", "9")
    proposal, reference = imported(Kind.COMPETENCE, COMPETENCE_HEADER, *HELD, more, encoding=MINISTRY)
    assert set(proposal.difference.sections) == {"new", "unknown"}
    assert proposal.difference.losses == 0
    assert reference.communes.by_code["33001"].kind == "FORMER"


def test_the_whole_country_imports_without_loss_and_overseas_communes_keep_their_court(tmp_path: Path) -> None:
    present = Present(PACKAGED)
    held = present.rows("competence.csv")
    lines = as_published(held)
    assert len(lines) == 34740
    file = a_file(tmp_path / "2026-juillet-competences-territoriales.csv", COMPETENCE_HEADER, *lines, encoding=MINISTRY)
    proposal = propose(Kind.COMPETENCE, file, present, DAY)
    assert proposal.difference.empty
    after = {row[0]: row[1:] for row in proposal.sheets[0].rows}
    assert len(after) == len(held)
    for row in held:
        origin = row["origine"].replace("minjustice_2024", "minjustice_2026")
        if not row["origine"].endswith("_commune_disparue"):
            assert after[row["code_insee"]] == [row["code_tj"], row["code_ca"], origin]


def test_the_whole_list_of_offences_makes_it_complete(imported: Import) -> None:
    proposal, reference = imported(
        Kind.NATINF,
        NATINF_HEADER,
        "22661;Contravention de classe 4;DEPOT ILLEGAL DE DECHETS – ŒUVRE;ART.R.541;ART.R.542",
        "00123;Délit;VOL;ART.311-1;ART.311-3",
        encoding=MINISTRY,
    )
    sections = proposal.difference.sections
    assert [change.code for change in sections["gone"]] == ["7"]
    assert sections["new"] == (Change("123", "VOL"),)
    assert [(change.code, change.after) for change in sections["relabelled"]] == [
        ("22661", "DEPOT ILLEGAL DE DECHETS – ŒUVRE")
    ]
    assert reference.natinf.complete
    assert sorted(reference.natinf) == ["123", "22661"]


def test_offences_keep_nature_class_and_subject(imported: Import) -> None:
    proposal, _ = imported(
        Kind.NATINF, NATINF_HEADER, '22661;Contravention de 4e classe;"A; B";C;D', "7;Délit;E;F;G", encoding=MINISTRY
    )
    rows = proposal.sheets[0].rows
    assert rows[0][:3] == ["7", "E", "Délit"]
    assert rows[1] == ["22661", "A; B", "Contravention", "4", "C", "D", "Environnement", "natinf_2026"]


@pytest.mark.parametrize(
    ("header", "encoding"), [("Code;Libellé", MINISTRY), ("CODE;LIBELLE", "utf-8"), ("libellé;code", "utf-8-sig")]
)
def test_a_nomenclature_of_three_levels_is_complete(imported: Import, header: str, encoding: str) -> None:
    entries = [("A12", "Fœtus"), ("B", "Atteinte aux biens"), ("A1", "Homicide"), ("A", "Atteinte à la personne")]
    swapped = header.startswith("libellé")
    lines = [f"{label};{code}" if swapped else f"{code};{label}" for code, label in entries]
    proposal, reference = imported(Kind.NATAFF, header, *lines, encoding=encoding)
    assert list(reference.nataff) == ["A", "B", "A1", "A12"]
    assert reference.nataff.complete
    assert reference.nataff["A12"].label == "Fœtus"
    assert proposal.difference.sections["new"] == (Change("A12", "Fœtus"),)
    assert proposal.difference.losses == 0


def test_a_nomenclature_of_two_levels_stays_partial(imported: Import) -> None:
    _, reference = imported(Kind.NATAFF, "Code;Libellé", "A;Un", "A1;Deux", "B;Trois")
    assert not reference.nataff.complete


def test_communes_keep_what_insee_does_not_say(imported: Import) -> None:
    proposal, reference = imported(Kind.COMMUNES, COG_HEADER, *COG)
    assert proposal.difference.empty
    bordeaux = reference.communes.by_code["33063"]
    assert (bordeaux.postal_codes[:5], bordeaux.population) == ("33000", 267991)
    assert (bordeaux.department_name, bordeaux.region) == ("Gironde", "Nouvelle-Aquitaine")
    assert reference.communes.by_code["13201"].parent == "13055"


def test_a_new_name_a_new_commune_and_a_merger(imported: Import) -> None:
    lines = [line for line in COG if ",33036," not in line and ",33063," not in line]
    more = (a_commune("33063", "Bordeaux-la-Neuve"), a_commune("33036", "Bazas", kind="COMD", parent="33063"))
    proposal, reference = imported(Kind.COMMUNES, COG_HEADER, *lines, *more, a_commune("33999", "Nouvelle"))
    assert proposal.difference.sections == {
        "new": (Change("33999", "Nouvelle"),),
        "relabelled": (Change("33063", "Bordeaux-la-Neuve", "Bordeaux", "Bordeaux-la-Neuve"),),
        "regrouped": (Change("33036", "Bazas", "COM", "COMD 33063"),),
        "without_court": (Change("33999", "Nouvelle"),),
    }
    assert reference.territory.attachment("33036") is not None
    assert reference.territory.attachment("33999") is None


def test_a_commune_that_is_gone_is_a_loss_and_keeps_its_court(imported: Import) -> None:
    lines = [line for line in COG if ",33036," not in line]
    proposal, reference = imported(Kind.COMMUNES, COG_HEADER, *lines)
    assert proposal.difference.sections == {"gone": (Change("33036", "Bazas"),)}
    attachment = reference.territory.attachment("33036")
    assert attachment is not None
    assert attachment.court.name == BORDEAUX
    assert reference.communes.by_code["33036"].kind == "FORMER"
    assert reference.sheets["competence.csv"].date != DAY


def test_with_the_movements_it_follows_the_commune_that_took_its_place(imported: Import) -> None:
    merged = a_movement("2026-01-01", "33036", "64102", "Bazas", mod="32")
    before = a_movement("1972-01-01", "33002", "33036", "Aillas-le-Vieux")
    split = [a_movement("1980-01-01", "33003", code, "Partagée") for code in ("33063", "64102")]
    proposal, reference = imported(Kind.COMMUNES, MOVEMENTS_HEADER, merged, before, *split)
    assert proposal.difference.sections == {"succeeded": (Change("33002", "Aillas-le-Vieux", None, "64102 Bayonne"),)}
    # Bazas is in the geographical code still.
    assert reference.communes.by_code["33036"].kind == "COM"
    lines = [line for line in COG if ",33036," not in line]
    proposal, reference = imported(Kind.COMMUNES, COG_HEADER, *lines)
    assert proposal.difference.sections == {"succeeded": (Change("33036", "Bazas", None, "64102 Bayonne"),)}
    for code, name in (("33036", "Bazas"), ("33002", "Aillas-le-Vieux")):
        commune = reference.communes.by_code[code]
        assert (commune.kind, commune.name, commune.parent) == ("FORMER", name, "64102")
        attachment = reference.territory.attachment(code)
        assert attachment is not None
        assert (attachment.court.name, attachment.inherited_from) == (BAYONNE, "64102")
    # One that was split leads to no commune, and is as unknown as before.
    assert "33003" not in reference.communes


def test_a_new_commune_has_the_court_of_those_it_is_made_of(imported: Import) -> None:
    made = [
        a_movement("2026-01-01", code, new)
        for code, new in (("33036", "33999"), ("33063", "33999"), ("64102", "64999"), ("33063", "64999"))
    ]
    imported(Kind.COMMUNES, MOVEMENTS_HEADER, *made)
    lines = [line for line in COG if ",33036," not in line]
    new = (a_commune("33999", "Nouvelle"), a_commune("64999", "Disputée", "64"))
    proposal, reference = imported(Kind.COMMUNES, COG_HEADER, *lines, *new)
    assert proposal.difference.sections == {
        "succeeded": (Change("33036", "Bazas", None, "33999 Nouvelle"),),
        "new": (Change("33999", "Nouvelle", None, BORDEAUX), Change("64999", "Disputée")),
        # Of two courts, neither is guessed.
        "without_court": (Change("64999", "Disputée"),),
    }
    for code in ("33999", "33036"):
        attachment = reference.territory.attachment(code)
        assert attachment is not None
        assert attachment.court.name == BORDEAUX
    assert reference.territory.attachment("64999") is None


def test_a_commune_keeps_its_court_where_the_one_that_took_its_place_has_none(imported: Import) -> None:
    made = [a_movement("2026-01-01", code, "64999") for code in ("64102", "33036")]
    imported(Kind.COMMUNES, MOVEMENTS_HEADER, *made)
    lines = [line for line in COG if ",64102," not in line]
    proposal, reference = imported(Kind.COMMUNES, COG_HEADER, *lines, a_commune("64999", "Disputée", "64"))
    assert set(proposal.difference.sections) == {"succeeded", "new", "without_court"}
    attachment = reference.territory.attachment("64102")
    assert attachment is not None
    assert attachment.court.name == BAYONNE


def test_the_same_file_again_changes_nothing(imported: Import, folder: Path, tmp_path: Path) -> None:
    imported(Kind.COMPETENCE, COMPETENCE_HEADER, *HELD, encoding=MINISTRY)
    present = Present(folder)
    again = propose(Kind.COMPETENCE, tmp_path / "officiel.csv", present, DAY)
    assert changes_nothing(again, present)
    other = a_file(tmp_path / "other.csv", "Code;Libellé", "A;Un")
    assert not changes_nothing(propose(Kind.NATAFF, other, present, DAY), present)
