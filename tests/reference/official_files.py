"""Files as the Ministry and INSEE publish them, small, in the encoding of each."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from reference.bundle import PACKAGED
from reference.imports.proposal import Present

MINISTRY = "cp1252"
COMPETENCE_HEADER = (
    "Commune;Libellé Commune;Orig. CA;N° CA;Cour d'Appel compétente;Orig. TJ;N° TJ;Tribunal judiciaire compétent;"
    "Orig. TPRX;N° TPRX;Tribunal de proximité;Orig. CPH;N° CPH;Conseil de prud'hommes"
)
NATINF_HEADER = "Numéro NATINF;Nature de l'infraction;Qualification de l'infraction;Définie par;Réprimée par"
COG_HEADER = "TYPECOM,COM,REG,DEP,CTCD,ARR,TNCC,NCC,NCCENR,LIBELLE,CAN,COMPARENT"
MOVEMENTS_HEADER = (
    "MOD,DATE_EFF,TYPECOM_AV,COM_AV,TNCC_AV,NCC_AV,NCCENR_AV,LIBELLE_AV,"
    "TYPECOM_AP,COM_AP,TNCC_AP,NCC_AP,NCCENR_AP,LIBELLE_AP"
)


def a_file(path: Path, header: str, *lines: str, encoding: str = "utf-8") -> Path:
    """With a line feed after each line."""
    path.write_bytes("".join(f"{line}\n" for line in (header, *lines)).encode(encoding))
    return path


def attached(commune: str, name: str, number: str, appeal: str, court: str = "Tribunal", origin: str = "1") -> str:
    """A line of the Ministry's file of competence."""
    return f"{commune};{name};1;{appeal};Cour d'Appel;{origin};{number};{court};;;;1;{number};Conseil"


def as_published(rows: Iterable[Mapping[str, str]]) -> list[str]:
    """Rows of competence.csv as lines of the Ministry's file."""
    return [
        f"{row['code_insee']};Là;{row['code_ca'][0]};{int(row['code_ca'][1:])};Cour;"
        f"{row['code_tj'][0]};{int(row['code_tj'][1:])};Tribunal;;;;;;"
        for row in rows
        if row["origine"] == "minjustice_2024"
    ]


def all_offences(*more: str, without: str = "7") -> list[str]:
    """The offences of the package as lines of the Ministry's list, but one, and others."""
    lines = []
    for row in Present(PACKAGED).rows("natinf.csv"):
        label = row["libelle"].encode(MINISTRY, "ignore").decode(MINISTRY)
        if row["code"] != without:
            lines.append(f'{row["code"]};{row["nature"] or "Délit"};"{label}";A;B')
    return [*lines, *more]


def a_commune(code: str, name: str, department: str = "33", kind: str = "COM", parent: str = "") -> str:
    """A line of INSEE's official geographical code; a part of a commune has no department there."""
    where = ",,," if parent else f"75,{department},{department}D,{department}2"
    return f"{kind},{code},{where},0,{name.upper()},{name},{name},,{parent}"


def a_movement(day: str, before: str, after: str, name: str = "Ici", mod: str = "31") -> str:
    """A line of INSEE's file of movements, of communes proper."""
    return f"{mod},{day},COM,{before},0,{name.upper()},{name},{name},COM,{after},0,LA,La,Là"
