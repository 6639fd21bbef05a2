"""Writes the page to standard output."""

import sys

from cli.contracts_page.page import page


def main() -> None:
    sys.stdout.buffer.write(page().encode())


if __name__ == "__main__":
    main()
