"""`infoparquet competence`: which court, and why, from the reference data alone; needs no running system."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

import typer
from infoparquet_contracts.codes import Ground
from infoparquet_contracts.parts import Place

from cli.failures import broken_reference
from reference import BrokenReference, Reference, default_url, load
from reference.offences import Natures, nataff_code, natinf_code
from services.routing.competence import Case, Competent, Decision, decide
from services.routing.explanation import explain, render_answer

_DONE, _FAILED, _WRONG_USE = 0, 1, 2
_PARIS = "Europe/Paris"


def competence(
    commune: Annotated[
        list[str] | None,
        typer.Option(
            help="Code INSEE de la commune des faits (33063) ; à répéter s’il y en a plusieurs, dans l’ordre."
        ),
    ] = None,
    natinf: Annotated[list[str] | None, typer.Option(help="Code NATINF de l’infraction ; à répéter.")] = None,
    nataff: Annotated[list[str] | None, typer.Option(help="Code NATAFF de l’affaire ; à répéter.")] = None,
    on: Annotated[
        dt.datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="AAAA-MM-JJ",
            help="Jour auquel s’appliquent les règles (aujourd’hui par défaut).",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Écrit la réponse de GET /v1/competence.")] = False,
    reference_url: Annotated[
        str | None,
        typer.Option(
            "--reference", envvar="INFOPARQUET_REFERENCE_URL", help="Dossier des données de référence (file:///…)."
        ),
    ] = None,
) -> None:
    """Indique le tribunal compétent pour des faits commis dans une commune, et pourquoi."""
    if not commune:
        _stop(_WRONG_USE, "Indiquez au moins une commune, par exemple : infoparquet competence --commune 33063")
    day = on.date() if on else dt.datetime.now(ZoneInfo(_PARIS)).date()
    reference = _load(reference_url or default_url())
    try:
        case = Case(
            places=tuple(_place(code, reference) for code in commune),
            on=day,
            natinf=_offences("NATINF", natinf, natinf_code, reference.natinf),
            nataff=_offences("NATAFF", nataff, nataff_code, reference.nataff),
        )
        decision = decide(case, reference.territory)
    except BrokenReference as error:
        _stop(_FAILED, broken_reference(error))
    typer.echo(_as_json(decision, reference) if as_json else _as_text(decision, reference))


def _as_json(decision: Decision, reference: Reference) -> str:
    return json.dumps(render_answer(decision, reference), ensure_ascii=False, indent=2)


def _as_text(decision: Decision, reference: Reference) -> str:
    heading = "Aucun tribunal désigné"
    if isinstance(decision, Competent):
        court = reference.courts[decision.tribunal]
        heading = f"{court.code}  {court.name}  (règle {decision.rule}, données du {reference.version})"
    return f"{heading}\n\n{explain(decision, reference)}"


def _load(url: str) -> Reference:
    try:
        return load(url)
    except BrokenReference as error:
        _stop(_FAILED, broken_reference(error))
    except ValueError:
        _stop(_WRONG_USE, f"Adresse des données de référence incorrecte : {url} ; attendu : file:///dossier")


def _place(code: str, reference: Reference) -> Place:
    if code not in reference.communes:
        near = [
            f"{commune.code} {commune.name} ({commune.department_name})" for commune in reference.communes.nearest(code)
        ]
        hint = f" Les plus proches : {', '.join(near)}." if near else ""
        _stop(_WRONG_USE, f"Commune inconnue : {code}.{hint}")
    return Place(ground=Ground.FACTS, commune=code)


def _offences(name: str, codes: list[str] | None, kept: Callable[[str], str], natures: Natures) -> tuple[str, ...]:
    """The codes as they are kept; one outside a partial list is only a warning."""
    found: list[str] = []
    for text in codes or []:
        try:
            code = kept(text)
        except ValueError:
            _stop(_WRONG_USE, f"Code {name} mal formé : {text}")
        if code not in natures and natures.complete:
            _stop(_WRONG_USE, f"Code {name} inconnu : {code}")
        if code not in natures:
            typer.echo(
                f"Avertissement : le code {name} {code} n’est pas dans notre liste, qui est partielle.", err=True
            )
        found.append(code)
    return tuple(found)


def _stop(status: int, message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(status)
