"""The reference data of a run: a library in its data folder, which imports renew while services run."""

from pathlib import Path

from deploy.local.failures import StackError
from reference.library import Busy, Library
from reference.seeding import Unfit, seed


def reference_folder(data: Path) -> Path:
    """Where the library of a data folder is."""
    return data / "reference"


def prepare(data: Path) -> None:
    """Puts the program's data there where they are new. Raises StackError."""
    path = reference_folder(data)
    try:
        seed(Library(path))
    except Unfit as failure:
        raise StackError(
            "Les données de référence importées ne vont pas avec cette version du programme",
            why=str(failure),
            remedy=f"infoparquet reference use {failure.version} --data {data}, puis refaire les imports.",
        ) from failure
    except Busy as failure:
        raise StackError(
            f"Un import de données de référence est en cours dans {path}",
            why="un autre processus écrit dans ce dossier",
            remedy="Attendre qu’il soit terminé.",
        ) from failure
