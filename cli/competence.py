"""`infoparquet competence`: which court, and why, from the reference data alone; needs no running system."""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Annotated, Final

import typer
from infoparquet_contracts.codes import Ground, Kind
from infoparquet_contracts.parts import Place

from chassis.clock import PARIS
from cli.failures import FAILED, WRONG_USE, broken_reference, stop
from reference import BrokenReference, Reference, default_url, load
from reference.coverage import Certainty
from reference.coverage import coverage as coverage_of
from reference.names import Names
from reference.offences import Natures, nataff_code, natinf_code
from services.routing.competence import Case, Competent, Decision, Side, decide
from services.routing.explanation import explain, render_answer

_DONE = 0
_CERTAINTIES: Final[Mapping[Certainty, str]] = {
    "sure": "liste du ministère, ou seul tribunal du territoire",
    "dated": "tableau du code de 2015 (outre-mer)",
    "inferred": "d’après la commune dont elle fait ou faisait partie",
    "doubtful": "sources en désaccord",
    "asked": "partagée par l’emprise d’un aérodrome : à préciser",
    "none": "sans tribunal connu",
}


_COMMUNE = typer.Option(
    help="Code INSEE de la commune des faits (33063) ; à répéter s’il y en a plusieurs, dans l’ordre."
)
_GROUND = typer.Option(help="Ce qui rattache chaque commune, dans le même ordre ; les faits par défaut.")
_AERODROME = typer.Option(help="De quel côté de l’emprise d’un aérodrome se trouve chaque lieu, dans le même ordre.")
_ON = typer.Option(
    formats=["%Y-%m-%d"], metavar="AAAA-MM-JJ", help="Jour auquel s’appliquent les règles (aujourd’hui par défaut)."
)
_REFERENCE = typer.Option(
    "--reference", envvar="INFOPARQUET_REFERENCE_URL", help="Dossier des données de référence (file:///…)."
)


def competence(
    context: typer.Context,
    commune: Annotated[list[str] | None, _COMMUNE] = None,
    ground: Annotated[list[Ground] | None, _GROUND] = None,
    aerodrome: Annotated[list[Side] | None, _AERODROME] = None,
    natinf: Annotated[list[str] | None, typer.Option(help="Code NATINF de l’infraction ; à répéter.")] = None,
    nataff: Annotated[list[str] | None, typer.Option(help="Code NATAFF de l’affaire ; à répéter.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="Nature de la procédure.")] = None,
    on: Annotated[dt.datetime | None, _ON] = None,
    coverage: Annotated[bool, typer.Option(help="Compte les communes par source et par degré de certitude.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Écrit la réponse de GET /v1/competence.")] = False,
    reference_url: Annotated[str | None, _REFERENCE] = None,
) -> None:
    """Indique le tribunal compétent pour des faits commis dans une commune, et pourquoi."""
    if context.invoked_subcommand is not None:
        return
    if not commune and not coverage:
        stop(WRONG_USE, "Indiquez au moins une commune, par exemple : infoparquet competence --commune 33063")
    reference = _load(reference_url or default_url())
    try:
        if coverage:
            typer.echo(_coverage(reference, as_json=as_json))
            return
        case = Case(
            places=_places(commune or [], ground or [], aerodrome or [], reference),
            on=on.date() if on else dt.datetime.now(PARIS).date(),
            natinf=_offences("NATINF", natinf, natinf_code, reference.natinf),
            nataff=_offences("NATAFF", nataff, nataff_code, reference.nataff),
            kind=kind,
        )
        decision = decide(case, reference.law)
    except BrokenReference as error:
        stop(FAILED, broken_reference(error))
    typer.echo(_as_json(decision, reference) if as_json else _as_text(decision, reference))


def _coverage(reference: Reference, *, as_json: bool) -> str:
    counted = coverage_of(reference.law, reference.communes)
    if as_json:
        return json.dumps(counted, ensure_ascii=False, indent=2)
    lines = [f"{counted['decided']} communes sur {counted['communes']} ont un tribunal ({counted['rule_set']})."]
    lines += [f"  {_CERTAINTIES[name]:<58} {count:>6}" for name, count in counted["by_certainty"].items()]
    for one in counted["undecided"]:
        lines.append(f"  sans tribunal : {one['commune']} {one['name']}")
    return "\n".join(lines)


def _as_json(decision: Decision, reference: Reference) -> str:
    return json.dumps(render_answer(decision, reference), ensure_ascii=False, indent=2)


def _as_text(decision: Decision, reference: Reference) -> str:
    heading = "Aucun tribunal désigné"
    if isinstance(decision, Competent):
        chosen = decision.chosen
        name = Names(reference.courts).of(chosen.tribunal)
        heading = f"{chosen.tribunal}  {name}  (règle {chosen.rule}, données du {reference.version})"
    return f"{heading}\n\n{explain(decision, reference)}"


def _load(url: str) -> Reference:
    try:
        return load(url)
    except BrokenReference as error:
        stop(FAILED, broken_reference(error))
    except ValueError:
        stop(WRONG_USE, f"Adresse des données de référence incorrecte : {url} ; attendu : file:///dossier")


def _places(communes: list[str], grounds: list[Ground], sides: list[Side], reference: Reference) -> tuple[Place, ...]:
    for name, given in (("--ground", grounds), ("--aerodrome", sides)):
        if given and len(given) != len(communes):
            stop(WRONG_USE, f"Indiquez {name} une fois par commune, dans le même ordre, ou pas du tout.")
    for code in communes:
        _require_known(code, reference)
    count = len(communes)
    each = zip(communes, grounds or [Ground.FACTS] * count, sides or [Side.UNKNOWN] * count, strict=True)
    return tuple(Place(ground=ground, commune=code, aerodrome=side.aerodrome) for code, ground, side in each)


def _require_known(code: str, reference: Reference) -> None:
    if code not in reference.communes:
        near = [
            f"{commune.code} {commune.name} ({commune.department_name})" for commune in reference.communes.nearest(code)
        ]
        hint = f" Les plus proches : {', '.join(near)}." if near else ""
        stop(WRONG_USE, f"Commune inconnue : {code}.{hint}")


def _offences(name: str, codes: list[str] | None, kept: Callable[[str], str], natures: Natures) -> tuple[str, ...]:
    """The codes as they are kept; one outside a partial list is only a warning."""
    found: list[str] = []
    for text in codes or []:
        try:
            code = kept(text)
        except ValueError:
            stop(WRONG_USE, f"Code {name} mal formé : {text}")
        if code not in natures and natures.complete:
            stop(WRONG_USE, f"Code {name} inconnu : {code}")
        if code not in natures:
            typer.echo(
                f"Avertissement : le code {name} {code} n’est pas dans notre liste, qui est partielle.", err=True
            )
        found.append(code)
    return tuple(found)
