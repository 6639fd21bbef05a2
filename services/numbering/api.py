"""`GET /v1/numbers/{number}`: whose number it is, and whether it was mistyped."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from infoparquet_contracts.identifiers import Number
from pydantic import TypeAdapter, ValidationError

from chassis.identity import Caller, only
from chassis.problems import Problem
from chassis.service import Parts
from services.numbering import store
from services.numbering.allocation import is_mistyped

_NUMBER: Final = TypeAdapter(Number)


def routes(parts: Parts) -> APIRouter:
    """The service's routes."""
    router = APIRouter(tags=["numéros"])

    @router.get("/v1/numbers/{number}", summary="La procédure qui porte ce numéro")
    async def procedure_of_number(
        number: str, caller: Annotated[Caller, Depends(only("administration", "operator", "service"))]
    ) -> dict[str, Any]:
        given = await _given(parts, number)
        if given is None and is_mistyped(number):
            detail = "La clé de contrôle de ce numéro est fausse : un chiffre a sans doute été mal saisi."
            raise Problem(400, "mistyped-number", detail)
        if given is None or (caller.kind == "administration" and caller.code != given.administration):
            raise Problem(404, "unknown-number", "Aucune procédure ne porte ce numéro.")
        return {
            "number": given.number,
            "procedure": given.procedure,
            "authority": given.authority,
            "allocated_at": given.allocated_at,
        }

    return router


async def _given(parts: Parts, number: str) -> store.Given | None:
    try:
        _NUMBER.validate_python(number)
    except ValidationError:
        # No authority's number can have this form; PostgreSQL would even refuse to look for some of them.
        return None
    async with parts.engine.connect() as connection:
        return await store.find(connection, number)
