"""The 168 courts with a public prosecutor's office: 164 tribunaux judiciaires, 4 tribunaux de première instance."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, get_args

from reference.manifest import Folder
from reference.table import Table

FILE: Final = "tribunals.csv"

# The national prosecutors' offices, by their names: they have no code in Judilibre, and no territory of their own.
NATIONAL_PROSECUTORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "pnf": "Parquet national financier",
        "pnat": "Parquet national antiterroriste",
        "pnaco": "Parquet national anticriminalité organisée",
    }
)

CourtKind = Literal["TJ", "TPI"]

_HEADER: Final = (
    "code_tj,srj_origine,srj_numero,type,nom,ville,code_insee_siege,code_departement,departement,code_ca,cour_appel,"
    "code_judilibre,adresse,code_postal,latitude,longitude,email,fuseau_horaire,population"
)
_CODE = re.compile(r"tj[0-9][0-9ab][0-9]{3}")
_MINISTRY_CODE = re.compile(r"[0-9]{6}")
_TIMEZONE = re.compile(r"[A-Z][a-z]+/[A-Z][A-Za-z_]+")
# Judilibre has no code for Saint-Pierre-et-Miquelon; codes are given, never computed.
_NOT_IN_JUDILIBRE: Final = {"907677": "tj97502"}


class Court(NamedTuple):
    """`code` is Judilibre's, `code_tj` and `code_ca` the Ministry's; `timezone` is an IANA name."""

    code: str
    code_tj: str
    kind: CourtKind
    name: str
    city: str
    seat: str
    department: str
    department_name: str
    code_ca: str
    court_of_appeal: str
    address: str
    postal_code: str
    timezone: str


class Courts(Mapping[str, Court]):
    """By code, as in the topics; iterates in the order of the file."""

    def __init__(self, courts: tuple[Court, ...]) -> None:
        self._by_code = {court.code: court for court in courts}
        self._by_code_tj = {court.code_tj: court for court in courts}

    def __getitem__(self, code: str) -> Court:
        return self._by_code[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_code)

    def __len__(self) -> int:
        return len(self._by_code)

    @property
    def by_code_tj(self) -> Mapping[str, Court]:
        return self._by_code_tj


def read_courts(folder: Folder) -> Courts:
    table = folder.table(FILE, _HEADER)
    courts: list[Court] = []
    codes: set[str] = set()
    for row in table:
        court = _court(table, dict(zip(table.columns, row, strict=True)))
        for column, code in (("code_judilibre", court.code), ("code_tj", court.code_tj)):
            if code in codes:
                raise table.broken(column, f"{code} is there twice")
            codes.add(code)
        courts.append(court)
    return Courts(tuple(courts))


def _court(table: Table, row: dict[str, str]) -> Court:
    code_tj = table.match(_MINISTRY_CODE, row["code_tj"], "code_tj")
    kind = row["type"]
    if kind not in get_args(CourtKind):
        raise table.broken("type", f"{kind!r} is neither TJ nor TPI")
    for column in ("nom", "ville", "departement", "cour_appel"):
        if not row[column]:
            raise table.broken(column, "empty")
    return Court(
        code=table.match(_CODE, row["code_judilibre"] or _NOT_IN_JUDILIBRE.get(code_tj, ""), "code_judilibre"),
        code_tj=code_tj,
        kind="TJ" if kind == "TJ" else "TPI",
        name=row["nom"],
        city=row["ville"],
        seat=row["code_insee_siege"],
        department=row["code_departement"],
        department_name=row["departement"],
        code_ca=table.match(_MINISTRY_CODE, row["code_ca"], "code_ca"),
        court_of_appeal=row["cour_appel"],
        address=row["adresse"],
        postal_code=row["code_postal"],
        timezone=table.match(_TIMEZONE, row["fuseau_horaire"], "fuseau_horaire"),
    )
