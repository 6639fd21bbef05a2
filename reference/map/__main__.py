"""Writes the page to standard output."""

import sys

from reference import default_url, load
from reference.bundle import PACKAGED
from reference.manifest import Folder
from reference.map.page import page


def main() -> None:
    sys.stdout.buffer.write(page(load(default_url()), Folder(PACKAGED)).encode())


if __name__ == "__main__":
    main()
