"""Which court and why, and the courts."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from infoparquet_contracts.codes import Ground, Kind
from infoparquet_contracts.parts import Place
from infoparquet_contracts.topics import replies_topic, tribunal_topic

from chassis.clock import PARIS
from chassis.identity import AnyCaller
from chassis.problems import FieldError, Problem
from chassis.service import Parts
from reference import Reference
from reference.offences import nataff_code, natinf_code
from services.routing import courts
from services.routing.competence import Case, Side, decide
from services.routing.explanation import render_answer


def routes(parts: Parts, current: Callable[[], Reference]) -> APIRouter:
    """The service's routes."""
    router = APIRouter(tags=["orientation"])

    @router.get("/v1/competence", summary="Le tribunal compétent, et pourquoi")
    async def competence(
        _: AnyCaller,
        commune: Annotated[
            list[str], Query(max_length=100, description="Code INSEE d’une commune ; vide : un lieu sans commune.")
        ] = [],  # noqa: B006 - FastAPI copies defaults
        natinf: Annotated[list[str], Query(max_length=100, description="Code NATINF.")] = [],  # noqa: B006
        nataff: Annotated[list[str], Query(max_length=100, description="Code NATAFF.")] = [],  # noqa: B006
        ground: Annotated[list[Ground], Query(description="Ce qui rattache chaque commune, dans le même ordre.")] = [],  # noqa: B006
        aerodrome: Annotated[list[Side], Query(description="De quel côté de l’emprise d’un aérodrome, de même.")] = [],  # noqa: B006
        kind: Annotated[Kind | None, Query(description="La nature de la procédure.")] = None,
        on: Annotated[date | None, Query(description="Le jour des règles appliquées ; aujourd’hui sinon.")] = None,
    ) -> dict[str, Any]:
        reference = current()
        places = _places(commune, ground, aerodrome, reference)
        day = on or parts.clock().astimezone(PARIS).date()
        case = Case(places, day, _codes("natinf", natinf), _codes("nataff", nataff), kind)
        return render_answer(decide(case, reference.law), reference)

    @router.get("/v1/tribunals", summary="Les tribunaux et leurs canaux")
    async def tribunals(_: AnyCaller) -> dict[str, Any]:
        reference = current()
        names = courts.names(reference.courts)
        return {"tribunals": [show_court(code, name, reference) for code, name in names.items()]}

    @router.get("/v1/tribunals/{code}", summary="Un tribunal et ses canaux")
    async def tribunal(code: str, _: AnyCaller) -> dict[str, Any]:
        reference = current()
        names = courts.names(reference.courts)
        if code not in names:
            fault = FieldError("/code", "Ce code est inconnu.", courts.nearest(code, reference.courts))
            raise Problem(404, "unknown-tribunal", "Aucun tribunal ne porte ce code.", [fault])
        return show_court(code, names[code], reference)

    return router


def _places(
    communes: Sequence[str], grounds: Sequence[Ground], sides: Sequence[Side], reference: Reference
) -> tuple[Place, ...]:
    """The communes with their grounds, of the facts unless said; an empty one is a place without a commune."""
    for name, given in (("ground", grounds), ("aerodrome", sides)):
        if given and len(given) != len(communes):
            fault = FieldError(f"/{name}", "Indiquez une valeur par commune, ou aucune.")
            raise Problem(400, "invalid-request", "La requête comporte une erreur.", [fault])
    unknown = [
        FieldError(f"/commune/{at}", "Cette commune est inconnue.", _nearest(code, reference))
        for at, code in enumerate(communes)
        if code and code not in reference.communes
    ]
    if unknown:
        raise Problem(400, "invalid-request", "La commune est inconnue.", unknown)
    count = len(communes)
    each = zip(communes, grounds or [Ground.FACTS] * count, sides or [Side.UNKNOWN] * count, strict=True)
    return tuple(Place(ground=ground, commune=code or None, aerodrome=side.aerodrome) for code, ground, side in each)


def _nearest(code: str, reference: Reference) -> list[str]:
    return [commune.code for commune in reference.communes.nearest(code)]


def _codes(kind: str, codes: list[str]) -> tuple[str, ...]:
    read = {"natinf": natinf_code, "nataff": nataff_code}[kind]
    found = []
    for place, code in enumerate(codes):
        try:
            found.append(read(code))
        except ValueError:
            fault = FieldError(f"/{kind}/{place}", "Ce code est mal formé.")
            raise Problem(400, "invalid-request", "Un code est mal formé.", [fault]) from None
    return tuple(found)


def show_court(code: str, name: str, reference: Reference) -> dict[str, Any]:
    """A court in an answer."""
    court = reference.courts.get(code)
    return {
        "code": code,
        "code_tj": court and court.code_tj,
        "name": name,
        "city": court and court.city,
        "court_of_appeal": court and court.court_of_appeal,
        "timezone": court and court.timezone,
        "topic": tribunal_topic(code).name,
        "replies_topic": replies_topic(code).name,
    }
