"""Reads an official CSV file: its encoding, separator and columns are checked before its rows, its end after them."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LARGEST_FILE: Final = 100_000_000
LONGEST_CELL: Final = 20_000
_SEPARATORS: Final = (";", ",", "\t", "|")
_SHOWN: Final = {"\t": "tabulation"}
# The Ministry's latin-1 is Windows' own: œ, € and ’ are in it.
MINISTRY: Final = "cp1252"
INSEE: Final = "utf-8"
_ENCODINGS: Final = {MINISTRY: "latin-1 (Windows-1252)", INSEE: "UTF-8"}

Row = Mapping[str, str]


class Refused(ValueError):  # noqa: N818 - named for what happens
    """The file cannot be imported: where (line 1 is the header, 0 the file as a whole) and why, in French."""

    def __init__(self, file: str, line: int, column: str, problem: str) -> None:
        where = f"{file}, ligne {line}" if line else file
        super().__init__(f"{where}{f', colonne « {column} »' if column else ''} : {problem}")
        self.line = line
        self.column = column
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is published: the columns that are read, others may stand between them."""

    encoding: str
    separator: str
    columns: tuple[str, ...]


class OfficialFile:
    """One file on the disk; every method raises Refused."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.line = 0  # of the row being read
        try:
            if path.stat().st_size > LARGEST_FILE:
                raise self.refused("", f"plus de {LARGEST_FILE // 1_000_000} Mo : ce n’est pas le fichier attendu.")
            self._data = path.read_bytes()
        except OSError as error:
            raise self.refused("", f"lecture impossible : {error.strerror}.") from error

    def refused(self, column: str, problem: str) -> Refused:
        """The error for the row being read."""
        return Refused(self.name, self.line, column, problem)

    def mentions(self, column: str) -> bool:
        """Whether a column of that name is in the first line, however it is written."""
        return column.encode() in self._data.split(b"\n", 1)[0]

    def decodes(self, encoding: str) -> bool:
        """Whether it may be in that encoding."""
        try:
            self._data.decode(encoding)
        except UnicodeDecodeError:
            return False
        return True

    def whole(self, encoding: str) -> str:
        """A file that is no table."""
        return self._text(encoding)

    def rows(self, layout: Layout) -> Iterator[Row]:
        """Each row by the layout's own names of columns."""
        text = self._text(layout.encoding)
        self.line = 1
        # So that a cell that is too long is one whose column can be named.
        csv.field_size_limit(LARGEST_FILE)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=layout.separator, strict=True)
        try:
            header = next(reader, [])
            places = self._places(header, layout)
            for row in reader:
                self.line = reader.line_num
                if row:
                    self._check(row, header)
                    yield {name: row[place].strip() for name, place in places.items()}
        except csv.Error as error:
            self.line = reader.line_num
            raise self.refused("", f"guillemets mal fermés ou fichier tronqué ({error}).") from error
        self._check_end(text)

    def _text(self, encoding: str) -> str:
        if not self._data.strip():
            raise self.refused("", "le fichier est vide.")
        if b"\0" in self._data:
            raise self.refused("", f"ce n’est pas un fichier CSV en {_ENCODINGS[encoding]} (octets nuls).")
        try:
            text = self._data.decode("utf-8-sig" if encoding == INSEE else encoding)
        except UnicodeDecodeError as error:
            self.line = self._data.count(b"\n", 0, error.start) + 1
            raise self._encoding(encoding) from error
        if encoding == MINISTRY and not self._data.isascii() and self.decodes("utf-8"):
            at = next(place for place, byte in enumerate(self._data) if byte > 127)
            self.line = self._data.count(b"\n", 0, at) + 1
            raise self._encoding(encoding, " ; celui-ci est en UTF-8")
        return text

    def _encoding(self, encoding: str, found: str = "") -> Refused:
        return self.refused("", f"mauvais encodage ; attendu : {_ENCODINGS[encoding]}{found}.")

    def _places(self, header: Sequence[str], layout: Layout) -> dict[str, int]:
        missing = _missing(header, layout.columns)
        if missing:
            for other in _SEPARATORS:
                if other != layout.separator and not _missing(_split(header, layout, other), layout.columns):
                    expected, found = _shown(layout.separator), _shown(other)
                    raise self.refused("", f"mauvais séparateur : {found} ; attendu : {expected}.")
            expected = _shown(layout.separator)
            columns = layout.separator.join(layout.columns)
            raise self.refused(missing[0], f"colonne absente ; colonnes attendues, séparées par {expected} : {columns}")
        plain = [_plain(name) for name in header]
        return {name: plain.index(_plain(name)) for name in layout.columns}

    def _check(self, row: Sequence[str], header: Sequence[str]) -> None:
        if len(row) != len(header):
            counts = f"{len(row)} cellules, {len(header)} attendues"
            raise self.refused(header[min(len(row), len(header)) - 1], f"{counts} ; le fichier est-il tronqué ?")
        for name, cell in zip(header, row, strict=True):
            if len(cell) > LONGEST_CELL:
                raise self.refused(name, f"cellule de {len(cell)} caractères, {LONGEST_CELL} au plus.")

    def _check_end(self, text: str) -> None:
        if self.line == 1:
            raise self.refused("", "aucune ligne après l’en-tête.")
        if not text.endswith(("\n", "\r")):
            remedy = "s’il est complet, ajoutez un retour à la ligne à la fin"
            raise self.refused("", f"la dernière ligne n’est pas terminée, le fichier semble tronqué ; {remedy}.")


def _missing(header: Sequence[str], columns: Sequence[str]) -> list[str]:
    found = {_plain(name) for name in header}
    return [name for name in columns if _plain(name) not in found]


def _split(header: Sequence[str], layout: Layout, separator: str) -> list[str]:
    return _cells(layout.separator.join(header), separator)


def _cells(line: str, separator: str) -> list[str]:
    return [cell.strip('"') for cell in line.strip().split(separator)]


def _plain(name: str) -> str:
    """A column's name as compared: no accents, no case, one kind of apostrophe and of space."""
    letters = unicodedata.normalize("NFKD", name.replace("’", "'").replace("°", "o").lstrip("\ufeff"))
    return re.sub(r"\s+", " ", "".join(one for one in letters if not unicodedata.combining(one))).strip().casefold()


def _shown(separator: str) -> str:
    return f"« {_SHOWN.get(separator, separator)} »"
