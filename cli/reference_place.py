"""Where the reference data are that a command reads or renews."""

from pathlib import Path
from typing import Annotated

import typer

from cli.failures import FAILED, WRONG_USE, stop
from cli.session import DEFAULT_DATA
from reference.bundle import PACKAGED, path_of
from reference.library import Library

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Dossier du système lancé par « infoparquet up » (.infoparquet par défaut, s’il existe).",
    ),
]
ReferenceOption = Annotated[
    str | None,
    typer.Option(
        "--reference",
        envvar="INFOPARQUET_REFERENCE_URL",
        metavar="URL",
        help="Dossier des données de référence (file:///…), à la place de --data.",
    ),
]


def locate(data: Path | None, url: str | None) -> Path:
    """The folder of the reference data: of `--data` where it is given, else of `--reference`, else of the system that
    runs here, else what comes with the program. Leaves the command where there is none."""
    if data is not None:
        return _of_system(data)
    if url is not None:
        try:
            return path_of(url)
        except ValueError:
            stop(WRONG_USE, f"Adresse des données de référence incorrecte : {url} ; attendu : file:///dossier")
    here = DEFAULT_DATA.absolute() / "reference"
    return here if Library(here).exists else PACKAGED


def library_at(path: Path) -> Library:
    """The library there, made of the data that come with the program where there is nothing yet."""
    library = Library(path)
    if library.exists:
        return library
    if path.is_dir() and any(entry.name != "lock" for entry in path.iterdir()):
        stop(
            FAILED,
            f"Les données de référence de {path} ne sont pas versionnées et ne se modifient pas. Indiquez le dossier "
            "d’un système par --data DIR, ou un dossier neuf par --reference file:///… : il recevra les données "
            "livrées avec le programme, puis l’import.",
        )
    library.add(PACKAGED)
    return library


def _of_system(data: Path) -> Path:
    path = data.absolute() / "reference"
    if not Library(path).exists:
        stop(FAILED, f"Pas de données de référence dans {data} : lancez d’abord « infoparquet up --data {data} ».")
    return path
