"""`infoparquet contracts check`: whether the contracts still fit all that was released, and whom they would break."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.contracts_gate import Verdict, judge
from cli.contracts_releases import Reference, UnknownRelease, find_reference
from cli.contracts_tree import BrokenContracts, NoContracts, Tree, find_tree
from cli.contracts_words import in_words, remedy
from cli.failures import FAILED, WRONG_USE, stop

TreeOption = Annotated[
    Path | None, typer.Option("--tree", metavar="DOSSIER", help="Le projet à contrôler (celui du dossier courant).")
]


def check(
    against: Annotated[
        str | None,
        typer.Option(
            metavar="REF",
            help="Une version publiée, un dossier de schémas ou une révision git (toutes les versions par défaut).",
        ),
    ] = None,
    tree: TreeOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Écrit un document JSON.")] = False,
) -> None:
    """Dit si les contrats restent compatibles, dans les deux sens, avec tout ce qui a été publié.

    Nomme chaque champ en cause, la rupture, qui elle toucherait et quoi faire. Code de sortie : 0 compatible, 1 non.
    """
    project = asked_tree(tree)
    try:
        verdict = verdict_on(project, find_reference(project, against))
    except UnknownRelease as error:
        stop(
            WRONG_USE,
            f"Référence inconnue : {error}. Donnez une version de {project.released}, un dossier de schémas ou une "
            "révision git de ce projet.",
        )
    except BrokenContracts as error:
        stop(WRONG_USE, f"La référence ne se lit pas : {error}")
    typer.echo(json.dumps(_document(verdict), ensure_ascii=False, indent=2) if as_json else in_words(verdict))
    if not verdict.compatible:
        raise typer.Exit(FAILED)


def asked_tree(folder: Path | None) -> Tree:
    """The project, or the end of the command."""
    try:
        return find_tree(folder)
    except NoContracts as error:
        stop(WRONG_USE, f"Pas de contrats dans {error} : il y faut contracts/src/infoparquet_contracts.")


def verdict_on(tree: Tree, reference: Reference, releasing: str | None = None) -> Verdict:
    """The verdict, or the end of the command where the tree's own contracts cannot be loaded."""
    try:
        return judge(tree, reference, releasing)
    except BrokenContracts as error:
        stop(FAILED, f"Les contrats de {tree.folder} ne se chargent pas.\n{error}")


def _document(verdict: Verdict) -> dict[str, Any]:
    return {
        "compatible": verdict.compatible,
        "against": verdict.against,
        "breaks": [{**asdict(one), "remedy": remedy(one)} for one in verdict.breaks],
        "free_text": [{"type": event_type, "field": field} for event_type, field in verdict.free_text],
        "to_confirm": [asdict(one) for one in verdict.to_confirm],
    }
