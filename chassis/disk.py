"""What has to be on the disk before anything rests on it."""

import os
from pathlib import Path


def sync(*paths: Path) -> None:
    """The content of each file, the entries of each folder, in this order (fsync(2)). Blocks. Raises OSError."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
