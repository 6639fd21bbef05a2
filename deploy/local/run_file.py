"""The run file: how other programs find a stack that is running, with tokens for them, readable by its owner alone."""

import json
from pathlib import Path
from typing import Any

from deploy.local.data_folder import is_held
from deploy.local.failures import StackError
from deploy.local.secret_files import write_secret

_NAME = "run.json"


def write_run_file(data: Path, content: dict[str, Any]) -> None:
    """Replaces it in one step: readers see the old or the new, never a part."""
    write_secret(data / _NAME, json.dumps(content, indent=1))


def remove_run_file(data: Path) -> None:
    """Its absence says that nothing runs."""
    (data / _NAME).unlink(missing_ok=True)


def read_run_file(data: Path) -> dict[str, Any]:
    """What is running in that data folder. Raises StackError when nothing is, or is ready yet."""
    try:
        content: dict[str, Any] = json.loads((data / _NAME).read_text())
    except FileNotFoundError:
        content = {}
    # One that was left by a run that was killed is nobody's, also while the next run is only starting.
    if not content or not is_held(data) or not Path(f"/proc/{content['pid']}").exists():
        raise StackError(
            f"Aucun système prêt dans le dossier {data}",
            why="il n’y a pas de fichier run.json tenu à jour",
            remedy="Lancer `infoparquet up`, ou donner son dossier par --data, ou bien l’adresse par --url et --token.",
        )
    return content
