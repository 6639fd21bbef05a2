"""The data that comes with the package: sound, complete where it says so, quick to read."""

import subprocess
import sys
from collections import Counter
from zoneinfo import ZoneInfo

import pytest

from reference import default_url, load
from reference.bundle import PACKAGED
from reference.offences import nataff_code, natinf_code

REFERENCE = load(default_url())


def test_every_commune_is_there_under_a_code_of_its_own() -> None:
    kinds = Counter(commune.kind for commune in REFERENCE.communes.by_code.values())
    assert kinds["COM"] == 34_969
    assert kinds["COMA"] == 471
    assert kinds["ARM"] == 45
    assert kinds["FORMER"] == 8
    # Of the 2 105 delegated communes, 584 have the code of the commune they belong to.
    assert kinds["COMD"] == 2_105 - 584


def test_there_are_168_courts_each_with_a_time_zone_that_exists() -> None:
    assert Counter(court.kind for court in REFERENCE.courts.values()) == {"TJ": 164, "TPI": 4}
    assert all(ZoneInfo(court.timezone) for court in REFERENCE.courts.values())


@pytest.mark.parametrize(
    ("code", "city"),
    [
        ("tj33063", "Bordeaux"),
        ("tj75056", "Paris"),
        ("tj98818", "Nouméa"),
        ("tj2a004", "Ajaccio"),
        ("tj77291", "Meaux"),
        ("tj97502", "Saint-Pierre"),
    ],
)
def test_courts_have_the_codes_that_others_rely_on(code: str, city: str) -> None:
    assert REFERENCE.courts[code].city == city


def test_every_court_has_a_commune_and_its_seat_lies_in_its_own_territory() -> None:
    by_commune = REFERENCE.territory.by_commune
    assert {attachment.court.code for attachment in by_commune.values()} == set(REFERENCE.courts)
    assert all(by_commune[court.seat].court == court for court in REFERENCE.courts.values())


def test_the_lists_of_offences_say_that_they_are_partial() -> None:
    assert len(REFERENCE.natinf) == 1_035
    assert len(REFERENCE.nataff) == 86
    assert not REFERENCE.natinf.complete
    assert not REFERENCE.nataff.complete
    assert REFERENCE.natinf["1508"].label == "Execution d'un travail dissimule"
    assert REFERENCE.nataff["J2"].label == "Infraction à la législation sur l'environnement industriel"


def test_an_offence_is_kept_without_leading_zeros() -> None:
    assert natinf_code("01508") == "1508"
    assert nataff_code("J2") == "J2"


@pytest.mark.parametrize("text", ["", "0", "00000", "123456", "12a", "-1", "1508\n", "٣"])
def test_a_malformed_natinf_code_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        natinf_code(text)


@pytest.mark.parametrize("text", ["", "j2", "J123", "JJ", "2J", "J2\n"])
def test_a_malformed_nataff_code_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        nataff_code(text)


def test_the_manifest_lists_every_data_file_with_date_source_and_licence() -> None:
    read = {path.name for path in PACKAGED.iterdir() if path.suffix in (".csv", ".json", ".toml")}
    assert set(REFERENCE.sheets) == read - {"manifest.json"}
    assert all(sheet.source and sheet.licence for sheet in REFERENCE.sheets.values())
    assert REFERENCE.version == "2026-11-24"


def test_the_sources_are_named_for_every_file() -> None:
    sources = (PACKAGED / "SOURCES.md").read_text("utf-8")
    assert all(f"| {name} |" in sources for name in REFERENCE.sheets if name != "rules.toml")


@pytest.mark.measured
def test_what_intake_and_routing_need_is_read_while_one_counts_to_five_million() -> None:
    """A third of a second of a core that counts twelve million a second; others are half as fast, in all they do."""
    program = (
        "import time; from reference import default_url, load\n"
        "start = time.process_time(); r = load(default_url()); r.territory, r.natinf, r.nataff\n"
        "read = time.process_time(); sum(one * one % 7 for one in range(1_000_000))\n"
        "print((read - start) / (time.process_time() - read))"
    )
    run = [sys.executable, "-c", program]
    millions = min(
        float(subprocess.run(run, capture_output=True, check=True, cwd=PACKAGED.parents[1]).stdout)  # noqa: S603 - our own interpreter
        for _ in range(3)
    )
    assert millions < 5
