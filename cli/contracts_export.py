"""`infoparquet contracts export`: writes what is published of the contracts into a folder, and removes what is gone."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from infoparquet_contracts.published import as_text, golden_files, schema_files

from cli.failures import FAILED, stop

# Ours alone: what stands beside them in the folder is never touched.
_GENERATED: Final = ("schemas", "golden", "openapi")


@dataclass(frozen=True, slots=True)
class Written:
    """What an export changed, by paths relative to its folder; `unchanged` were there as they are."""

    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]


def export(
    folder: Annotated[Path, typer.Argument(metavar="DOSSIER", help="Où écrire ; créé s’il manque.")],
    as_json: Annotated[bool, typer.Option("--json", help="Écrit un document JSON.")] = False,
) -> None:
    """Écrit dans un dossier les schémas JSON (schemas/), les exemples (golden/), asyncapi.json et les API (openapi/).

    Ce qui n’a plus lieu d’être dans schemas/, golden/ et openapi/ est supprimé ; rien d’autre n’est touché.
    """
    try:
        done = write(folder, published())
    except OSError as error:
        stop(FAILED, f"Export impossible : {error.filename or folder} : {error.strerror}. Choisissez un autre dossier.")
    if as_json:
        document = {"folder": str(folder), "written": done.written, "removed": done.removed}
        typer.echo(json.dumps(document | {"unchanged": done.unchanged}, ensure_ascii=False, indent=2))
    else:
        typer.echo(_sentence(folder, done))


def published() -> Mapping[str, str]:
    """Every file by its path."""
    # What runs is slow to load, and the other commands of the group do without.
    from cli.asyncapi.document import document
    from cli.contracts_openapi import openapi_files

    return {**schema_files(), **golden_files(), "asyncapi.json": as_text(document()), **openapi_files()}


def write(folder: Path, files: Mapping[str, str]) -> Written:
    """Raises OSError."""
    changed = tuple(path for path, text in files.items() if _content(folder / path) != text.encode())
    for path in changed:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(files[path].encode())
    removed = tuple(sorted(_gone(folder, files)))
    for path in removed:
        (folder / path).unlink()
        if not any((folder / path).parent.iterdir()):
            (folder / path).parent.rmdir()
    return Written(changed, removed, tuple(path for path in files if path not in changed))


def _gone(folder: Path, files: Mapping[str, str]) -> Iterator[str]:
    for name in _GENERATED:
        for found in (folder / name).rglob("*.json"):
            path = found.relative_to(folder).as_posix()
            if path not in files:
                yield path


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _sentence(folder: Path, done: Written) -> str:
    total = len(done.written) + len(done.unchanged)
    return f"{folder} : {total} fichiers, dont {len(done.written)} écrits ; {len(done.removed)} supprimés."
