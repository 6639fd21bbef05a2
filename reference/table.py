"""Reads the CSV files of the reference data; whatever is not as declared is an error that names its place."""

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

Row = list[str]


class BrokenReference(ValueError):  # noqa: N818 - named for what is wrong, as the families of errors are
    """The reference data cannot be used: which file, line (1 is the header) and column, and what was wrong."""

    def __init__(self, file: str, line: int, column: str, problem: str) -> None:
        super().__init__(f"{file}, line {line}, column {column or '-'}: {problem}")
        self.file = file
        self.line = line
        self.column = column
        self.problem = problem


class Table:
    """A file's rows, each with exactly the header's columns; raises BrokenReference on the first that is not."""

    def __init__(self, path: Path, header: str, rows: int) -> None:
        self._path = path
        self.columns = tuple(header.split(","))
        self._expected = rows
        self.line = 1  # of the row being read; 1 is the header

    def __iter__(self) -> Iterator[Row]:
        try:
            # Row by row: a file in one piece would double what the process holds.
            with self._path.open(encoding="utf-8", newline="") as lines:
                yield from self._rows(lines)
        except (UnicodeDecodeError, OSError):
            read_text(self._path)  # says which line, or why it cannot be read
            raise

    def _rows(self, lines: Iterable[str]) -> Iterator[Row]:
        reader = csv.reader(lines, strict=True)
        width, count = len(self.columns), 0
        try:
            self._check_header(next(reader, []))
            for row in reader:
                self.line = reader.line_num
                if len(row) != width:
                    raise self.broken("", f"{len(row)} cells, {width} expected")
                count += 1
                yield row
        except csv.Error as error:
            raise BrokenReference(self._path.name, reader.line_num, "", str(error)) from error
        if count != self._expected:
            raise self.broken("", f"{count} rows, the manifest says {self._expected}")

    def broken(self, column: str, problem: str) -> BrokenReference:
        """The error for the row being read."""
        return BrokenReference(self._path.name, self.line, column, problem)

    def match(self, pattern: re.Pattern[str], value: str, column: str) -> str:
        if not pattern.fullmatch(value):
            raise self.broken(column, f"{value!r} does not match {pattern.pattern}")
        return value

    def _check_header(self, header: Row) -> None:
        if tuple(header) != self.columns:
            missing = next((name for name in self.columns if name not in header), "")
            raise self.broken(missing, f"the header must be {','.join(self.columns)}")


def read_text(path: Path) -> str:
    """The file as UTF-8; raises BrokenReference where it is missing or is not UTF-8."""
    try:
        data = path.read_bytes()
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BrokenReference(path.name, data.count(b"\n", 0, error.start) + 1, "", "not UTF-8") from error
    except OSError as error:
        raise BrokenReference(path.name, 0, "", f"cannot be read: {error.strerror}") from error
