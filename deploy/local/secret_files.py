"""Files that hold a secret: readable by their owner alone from their first byte, and whole or absent."""

import os
import tempfile
from pathlib import Path

from deploy.local.child import Account


def write_secret(path: Path, content: str, *, owner: Account | None = None) -> None:
    """Replaces the file in one step."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    work = Path(name)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if owner:
            os.chown(work, owner.uid, owner.gid)
        work.replace(path)
    except BaseException:
        work.unlink(missing_ok=True)
        raise
