"""A small, sound folder of reference data, to be broken one cell at a time."""

import csv
import json
import shutil
from pathlib import Path

import pytest

from reference.bundle import PACKAGED

_KEPT = {
    "communes.csv": ("33063", "33036", "64102", "13055", "13201", "02722", "01014"),
    "competence.csv": ("33063", "33036", "64102", "13055", "13201", "02311", "02722", "01014"),
    "tribunals.csv": ("100094", "100159", "100059", "100042", "100039"),
    "competence_exceptions.csv": (),
    "natinf.csv": ("7", "22661"),
    "nataff.csv": ("A", "A1", "B"),
}
RULES = """\
[[territorial]]
id = "cpp-43-facts"
ground = "facts"
legal_basis = "CPP art. 43"
from = 1958-04-08

[[territorial]]
id = "cpp-43-arrest"
ground = "arrest"
legal_basis = "CPP art. 43"
from = 1958-04-08

[matters.harm]
title = "des atteintes aux personnes"
nataff = ["A"]
articles = ["C.M.F. L163-2"]

[[subject]]
id = "cpp-706-2-harm"
matter = "harm"
jurisdiction = "PSP"
formation = "public-health"
effect = "decides"
priority = 1
legal_basis = "CPP art. 706-2"
from = 2002-03-05
verified = true
"""
# For Bordeaux and Pau only.
_MARSEILLE = {
    "code": "PSP",
    "nom": "Pôle",
    "verified": True,
    "sieges": [{"code_tj": "100059", "ressort_ca": ["100009", "100021"]}],
}


@pytest.fixture
def folder(tmp_path: Path, small_folder: Path) -> Path:
    """Its path has a space, as people's folders do."""
    return shutil.copytree(small_folder, tmp_path / "reference data")


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("reference")
    manifest = json.loads((PACKAGED / "manifest.json").read_text("utf-8"))
    for name, codes in _KEPT.items():
        with (PACKAGED / name).open(encoding="utf-8", newline="") as source:
            header, *rows = csv.reader(source)
        kept = [row for row in rows if row[0] in codes]
        with (copy / name).open("w", encoding="utf-8", newline="") as target:
            csv.writer(target, lineterminator="\n").writerows([header, *kept])
        manifest["files"][name]["rows"] = len(kept)
    (copy / "rules.toml").write_text(RULES, "utf-8")
    (copy / "specialised.json").write_text(json.dumps({"juridictions": [_MARSEILLE]}), "utf-8")
    manifest["files"]["rules.toml"]["rows"], manifest["files"]["specialised.json"]["rows"] = 3, 1
    (copy / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return copy


@pytest.fixture(scope="session")
def dated_folder(tmp_path_factory: pytest.TempPathFactory, small_folder: Path) -> Path:
    """The same as version 2026-01-01, whatever the package's own is."""
    copy = shutil.copytree(small_folder, tmp_path_factory.mktemp("dated") / "reference")
    manifest = json.loads((copy / "manifest.json").read_text("utf-8"))
    (copy / "manifest.json").write_text(json.dumps(manifest | {"version": "2026-01-01"}), "utf-8")
    return copy
