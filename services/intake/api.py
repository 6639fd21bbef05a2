"""HTTP in: a procedure is taken, or only checked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from infoparquet_contracts.identifiers import AdministrationCode
from pydantic import TypeAdapter, ValidationError

from chassis import idempotency
from chassis.clock import PARIS
from chassis.doorbell import first_found
from chassis.idempotency import IdempotencyKey, InFlight
from chassis.identity import Caller, only
from chassis.problems import FieldError, Problem
from chassis.service import Parts
from services.intake import attaching_store, store
from services.intake.acceptance import PATH, Accepted, Gate, Outcome, accept, refused
from services.intake.attaching import faults, ids_in, remarks
from services.intake.checking import Checks, Remark
from services.intake.competence import UNAVAILABLE, RoutingService
from services.intake.submission import Submission, Unreadable, read
from services.intake.waiting import wished_wait

JSON_TYPES = ("application/json",)
_CODE: TypeAdapter[str] = TypeAdapter(AdministrationCode)


async def _administration(caller: Annotated[Caller, Depends(only("administration"))]) -> Caller:
    """The code goes into the journal, so a token whose code could not is not one of an administration."""
    try:
        _CODE.validate_python(caller.code)
    except ValidationError:
        raise Problem(403, "wrong-organisation", "Le code de votre administration est mal formé.") from None
    return caller


Administration = Annotated[Caller, Depends(_administration)]


def require_type(request: Request, accepted: Sequence[str]) -> None:
    """Raises a 415 Problem for a body of another media type."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in accepted:
        raise Problem(415, "media-type", f"Le type de contenu attendu est {accepted[0]}.")


@dataclass(frozen=True)
class Links:
    """Where a procedure's status is read: query's address, which clients see behind the same host."""

    public_url: str | None

    def status(self, procedure: UUID) -> str:
        """A path, or a whole URL where the public address is known."""
        return f"{self.public_url or ''}/v1/procedures/{procedure}"


def routes(parts: Parts, checks: Callable[[], Checks], routing: RoutingService, links: Links) -> APIRouter:
    """`POST /v1/procedures` and `:check`."""
    router = APIRouter(tags=["dépôt"])

    @router.post(PATH, summary="Dépose une procédure", status_code=202)
    async def submit_procedure(request: Request, caller: Administration, key: IdempotencyKey) -> Response:
        require_type(request, JSON_TYPES)
        posted = Gate(checks(), caller.code, parts.clock()).admit(await request.body(), key)
        try:
            async with parts.transactions.admit() as transaction:
                (outcome,) = await accept(transaction, caller.code, [posted])
        except InFlight:
            raise idempotency.in_flight() from None
        accepted = _made(outcome)
        wait = wished_wait(request.headers.getlist("prefer"))
        number = await _number(parts, accepted, wait) if wait else accepted.number
        return _answer(accepted, number, wait, links.status(accepted.id))

    @router.post(
        f"{PATH}:check",
        summary="Vérifie une procédure sans la déposer",
    )
    async def check_procedure(request: Request, caller: Administration) -> dict[str, Any]:
        require_type(request, JSON_TYPES)
        try:
            submission = read(await request.body(), Submission).understood
        except Unreadable as error:
            if error.whole:
                raise refused(error) from None
            return {"errors": [one.as_json() for one in error.errors], "warnings": [], "competence": None}
        findings = checks().check(submission, parts.clock().astimezone(PARIS).date())
        missing, unlike = await _of_documents(parts, caller.code, submission)
        errors = [one.as_json() for one in (*findings.errors, *missing)]
        competence = None if errors else await routing.competence(submission)
        warnings = [*findings.remarks, *unlike, *([] if errors or competence else [UNAVAILABLE])]
        return {"errors": errors, "warnings": [one.as_json() for one in warnings], "competence": competence}

    return router


async def _of_documents(
    parts: Parts, administration: str, submission: Submission
) -> tuple[list[FieldError], list[Remark]]:
    async with parts.engine.connect() as connection:
        named = ids_in(submission.documents)
        held = await attaching_store.held(connection, named, administration, locked=False)
    return list(faults(submission.documents, held)), list(remarks(submission.documents, held))


def _made(outcome: Outcome) -> Accepted:
    if isinstance(outcome, Problem):
        raise outcome
    return outcome


async def _number(parts: Parts, accepted: Accepted, seconds: int) -> str | None:
    async def look() -> str | None:
        async with parts.engine.connect() as connection:
            procedure = await store.find(connection, accepted.id)
        return None if procedure is None else procedure.state.number

    return await first_found(parts.facts_applied, look, seconds)


def _answer(accepted: Accepted, number: str | None, wait: int, status_url: str) -> Response:
    headers = {"Location": status_url}
    waited = bool(wait and number)
    if waited:
        headers["Preference-Applied"] = f"wait={wait}"
    content = {
        "id": str(accepted.id),
        "reference": accepted.reference,
        "status_url": status_url,
        "number": number,
        "warnings": [one.as_json() for one in accepted.remarks],
    }
    return JSONResponse(content, 201 if waited else 202, headers)
