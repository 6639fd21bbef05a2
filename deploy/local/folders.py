"""Folders for a run that keeps nothing."""

import tempfile
from pathlib import Path


def fresh_folder() -> Path:
    """A new folder that the account PostgreSQL runs as under root can cross, which one of `tempfile` is not."""
    folder = Path(tempfile.mkdtemp(prefix="infoparquet-"))
    folder.chmod(0o711)
    return folder
