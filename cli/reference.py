"""`infoparquet reference`: what is loaded, a new version from an official file, an earlier one again."""

import datetime as dt
import json
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer

from chassis.clock import PARIS
from cli.failures import FAILED, broken_reference, stop
from cli.reference_place import DataOption, ReferenceOption, library_at, locate
from cli.reference_words import difference_document, difference_lines, sheet_documents
from reference import BrokenReference, Reference
from reference.imports import kinds
from reference.imports.kinds import Kind
from reference.imports.official import Refused
from reference.imports.proposal import Present, Proposal, changes_nothing, remember, write
from reference.library import Busy, Library, UnknownVersion, Writer, folder_in_force

reference = typer.Typer(
    help="Les données de référence : communes, tribunaux, ressorts, NATINF, NATAFF.", no_args_is_help=True
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What an import was asked for."""

    kind: Kind
    file: Path
    dated: dt.date
    source: str | None
    accept_losses: bool
    dry_run: bool
    aside: bool
    as_json: bool


@reference.command("list")
def list_(
    data: DataOption = None,
    url: ReferenceOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Écrit un document JSON.")] = False,
) -> None:
    """Montre les données chargées : leur date, leur source, leurs lignes, et si elles sont complètes."""
    path = locate(data, url)
    library = Library(path)
    try:
        loaded = Present(folder_in_force(path)).reference
        versions = [_version(library, version) for version in library.versions()] if library.exists else []
    except BrokenReference as error:
        stop(FAILED, broken_reference(error))
    if as_json:
        document = {"version": loaded.version, "files": sheet_documents(loaded.sheets), "versions": versions}
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        _print_table(loaded)
        for version in versions:
            origin = "importée" if version["imported"] else "livrée avec le programme"
            typer.echo(f"{version['version']}  {origin}{'  ← en vigueur' if version['in_force'] else ''}")


@reference.command("import")
def import_(
    kind: Annotated[
        Kind, typer.Argument(metavar="competence|natinf|nataff|communes|rules", help="Ce que dit le fichier.")
    ],
    file: Annotated[Path, typer.Argument(metavar="FICHIER", help="Le fichier officiel, tel qu’il est publié.")],
    data: DataOption = None,
    url: ReferenceOption = None,
    date: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="AAAA-MM-JJ", help="Date du fichier (aujourd’hui par défaut)."),
    ] = None,
    source: Annotated[str | None, typer.Option(metavar="TEXTE", help="D’où vient le fichier.")] = None,
    accept_losses: Annotated[
        bool, typer.Option("--accept-losses", help="Importe même si des codes, communes ou tribunaux disparaissent.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Montre ce qui changerait, sans rien écrire.")] = False,
    aside: Annotated[
        bool, typer.Option("--aside", help="Garde la version sans la mettre en vigueur, pour l’essayer d’abord.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Écrit tous les changements en un document JSON.")] = False,
) -> None:
    """Fait d’un fichier officiel une nouvelle version des données, que les services reprennent sans redémarrer.

    Pour communes : le code officiel géographique de l’INSEE (v_commune_AAAA.csv) ou les mouvements de communes
    (v_mvt_commune_AAAA.csv), reconnus à leur en-tête. Pour rules : les règles de compétence (rules.toml) ; avec
    --aside, « competence diff » les essaie sur les procédures passées avant « reference use ».
    """
    day = date.date() if date else _today()
    wish = Wish(kind, file, day, source, accept_losses, dry_run, aside, as_json)
    path = locate(data, url)
    try:
        if dry_run:
            _import(wish, Present(folder_in_force(path)), None)
        else:
            library = library_at(path)
            with library.writing() as writer:
                _import(wish, Present(library.folder(library.current)), writer)
    except Refused as error:
        stop(FAILED, f"Fichier refusé, rien n’est changé. {error}")
    except BrokenReference as error:
        stop(FAILED, f"Rien n’est changé. {_inconsistent(error)}")
    except Busy:
        stop(FAILED, f"Un autre import est en cours dans {path} : attendez qu’il soit terminé.")
    except OSError as error:
        stop(FAILED, f"Rien n’est changé : {error.filename or path} : {error.strerror}.")


@reference.command("use")
def use(
    version: Annotated[str, typer.Argument(metavar="VERSION", help="Une version que montre « reference list ».")],
    data: DataOption = None,
    url: ReferenceOption = None,
) -> None:
    """Remet en vigueur une version gardée ; les services la reprennent sans redémarrer."""
    path = locate(data, url)
    try:
        library = library_at(path)
        # One that an older program made may lack what this one reads.
        Reference(library.open(version)).require_whole()
        library.use(version)
    except UnknownVersion:
        known = ", ".join(library.versions())
        stop(FAILED, f"Version inconnue : {version} ; il y a : {known}.")
    except BrokenReference as error:
        stop(FAILED, f"Rien n’est changé. {broken_reference(error)}")
    except Busy:
        stop(FAILED, f"Un import est en cours dans {path} : attendez qu’il soit terminé.")
    typer.echo(f"Version en vigueur : {version}.")


def _import(wish: Wish, present: Present, writer: Writer | None) -> None:
    """Shows the difference, then writes it where `writer` may."""
    proposal = kinds.propose(wish.kind, wish.file, present, wish.dated)
    refused = proposal.difference.losses > 0 and not wish.accept_losses
    unchanged = changes_nothing(proposal, present)
    version = None
    if not wish.as_json:
        typer.echo("\n".join(difference_lines(proposal.difference)))
    if not refused and not unchanged:
        version = _write(wish, proposal, present, writer)
    if wish.as_json:
        told: dict[str, Any] = {
            "kind": wish.kind,
            "file": wish.file.name,
            "from": present.reference.version,
            "version": version,
        }
        told |= {
            "dry_run": wish.dry_run,
            "refused": refused,
            "unchanged": unchanged,
            **difference_document(proposal.difference),
        }
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    if refused:
        stop(
            FAILED,
            f"Refusé, rien n’est changé : {proposal.difference.losses} perte(s). Si le fichier a raison, ajoutez "
            "--accept-losses.",
        )
    if not wish.as_json:
        typer.echo(_outcome(version, unchanged=unchanged, aside=wish.aside))


def _write(wish: Wish, proposal: Proposal, present: Present, writer: Writer | None) -> str | None:
    """The new version's name; without a writer it is only tried."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(proposal, present, folder, dated=wish.dated, source=wish.source)
        if writer is None:
            return None
        origin: dict[str, Any] = {"kind": wish.kind, "file": wish.file.name, "from": present.reference.version}
        origin |= {"sha256": sha256(wish.file.read_bytes()).hexdigest(), "accepted_losses": proposal.difference.losses}
        remember(folder, origin, proposal)
        return (writer.keep if wish.aside else writer.add)(folder, _today())


def _inconsistent(error: BrokenReference) -> str:
    where = f"{error.file}, ligne {error.line}" if error.line else error.file
    return f"La version ne tiendrait pas ensemble ({where}, {error.column or '-'}) : {error.problem}."


def _outcome(version: str | None, *, unchanged: bool, aside: bool) -> str:
    if unchanged:
        return "Les données en vigueur disent déjà tout cela : pas de nouvelle version."
    if version is None:
        return "Essai seulement : rien n’est écrit."
    if aside:
        return f"Version {version} gardée, pas encore en vigueur : « infoparquet reference use {version} » l’y met."
    return f"Nouvelle version en vigueur : {version}. Les services la reprennent sans redémarrer."


def _version(library: Library, version: str) -> dict[str, Any]:
    return {
        "version": version,
        "in_force": version == library.current,
        "imported": library.imported(version),
    }


def _print_table(loaded: Reference) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table("Fichier", "Date", box=box.SIMPLE, pad_edge=False, show_edge=False)
    table.add_column("Lignes", justify="right")
    table.add_column("Complet")
    table.add_column("Source")
    for name, sheet in loaded.sheets.items():
        table.add_row(name, str(sheet.date), str(sheet.rows), "oui" if sheet.complete else "non", sheet.source)
    console = Console()
    console.print(f"Données de référence {loaded.version}", highlight=False)
    console.print(table)


def _today() -> dt.date:
    return dt.datetime.now(PARIS).date()
