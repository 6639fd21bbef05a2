"""`infoparquet contracts release`: the contracts of now become a release, which nothing changes afterwards."""

import shutil
from pathlib import Path
from typing import Annotated

import typer
from infoparquet_contracts.published import as_text

from cli.contracts_archive import NoJournal, archive
from cli.contracts_check import TreeOption, asked_tree, verdict_on
from cli.contracts_history import FILE, Rewritten
from cli.contracts_releases import VERSION, Reference, order, releases_of
from cli.contracts_tree import BrokenContracts, Tree
from cli.contracts_words import in_words
from cli.failures import FAILED, WRONG_USE, stop


def release(
    version: Annotated[str, typer.Argument(metavar="VERSION", help="Le numéro de la version, comme 1.1.0.")],
    tree: TreeOption = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="Système en marche dont des faits du journal sont archivés aussi."),
    ] = None,
) -> None:
    """Publie les contrats d’aujourd’hui dans contracts/released, s’ils sont compatibles avec tout ce qui y est.

    Les exemples sont ajoutés à l’archive des événements, contracts/history.ndjson.
    """
    project = asked_tree(tree)
    if not VERSION.fullmatch(version):
        stop(WRONG_USE, f"Numéro de version incorrect : {version} ; il en faut trois, comme 1.1.0.")
    try:
        released = releases_of(project)
    except BrokenContracts as error:
        stop(FAILED, f"Une version publiée ne se lit pas : {error}")
    if released and order(version) <= order(released[-1].name):
        stop(WRONG_USE, f"La dernière version publiée est {released[-1].name} : donnez un numéro plus grand.")
    verdict = verdict_on(project, Reference(released), version)
    if not verdict.compatible:
        stop(FAILED, f"{in_words(verdict)}\nRien n’est publié.")
    archived = _archive(project, version, data)
    typer.echo(f"Version {version} publiée : {_write(project, version)} types d’événements, {archived} archivés.")


def _archive(tree: Tree, version: str, data: Path | None) -> int:
    """First: what is in the archive already is not added again when the command is run anew."""
    try:
        return archive(tree, version, data)
    except NoJournal as error:
        stop(FAILED, f"Aucun journal à archiver ({error}) : lancez « infoparquet up », ou omettez --data.")
    except Rewritten as error:
        stop(FAILED, f"L’archive {FILE} a été réécrite avant sa ligne {error.line} : reprenez-la telle qu’elle était.")


def _write(tree: Tree, version: str) -> int:
    """Whole or not at all."""
    said = tree.said()
    folder, draft = tree.released / version, tree.released / f".{version}.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for one in said:
        (draft / f"{one.type}.json").write_text(as_text(one.schema), encoding="utf-8")
    draft.rename(folder)
    return len(said)
