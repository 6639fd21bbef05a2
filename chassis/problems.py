"""Errors as RFC 9457 problem details, worded in French, with a JSON pointer for each field at fault."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from chassis.errors import CONNECTION_ERRORS, OutboxFull, Unavailable, is_unavailable
from chassis.french import moment, sentence

# An outbox is emptied within seconds of Kafka's return, and outages last minutes.
FULL_RETRY_SECONDS = 30
PROBLEM_BASE = "https://schemas.infoparquet.example/problems/"
MEDIA_TYPE = "application/problem+json"

TITLES = {
    400: "Requête mal formée",
    401: "Authentification requise",
    403: "Accès refusé",
    404: "Introuvable",
    405: "Méthode non admise",
    408: "Requête trop lente",
    409: "Conflit avec l’état présent",
    410: "Plus disponible",
    412: "Condition de la requête non remplie",
    413: "Contenu trop volumineux",
    415: "Type de contenu non admis",
    416: "Plage demandée hors du contenu",
    422: "Demande impossible à traiter",
    428: "Condition exigée",
    500: "Erreur interne",
    503: "Service momentanément indisponible",
    507: "Espace de stockage plein",
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong at one place of a body; `pointer` is a JSON pointer (RFC 6901)."""

    pointer: str
    detail: str
    suggestions: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        """As it stands in a problem's `errors`."""
        shown: dict[str, Any] = {"pointer": self.pointer, "detail": self.detail}
        return shown | ({"suggestions": list(self.suggestions)} if self.suggestions else {})


@dataclass
class Problem(Exception):  # noqa: N818 - the RFC's own name
    """An answer that is a problem; raise it in `api`. `kind` ends the problem's type URI."""

    status: int
    kind: str
    detail: str
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def pointer_of(location: Sequence[object]) -> str:
    """The JSON pointer of a pydantic location."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def field_errors(errors: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """Pydantic's errors about a body, in French."""
    return [FieldError(pointer_of(_inside_body(error)), sentence(error)) for error in errors]


def _inside_body(error: Mapping[str, Any]) -> Sequence[object]:
    location: Sequence[object] = error["loc"]
    if error["type"] == "json_invalid":
        # What follows "body" is how many characters could be read, not a place.
        return ()
    return location[1:] if location and location[0] in ("body", "query", "path", "header") else location


def answer(request: Request, problem: Problem) -> JSONResponse:
    """The problem as a response."""
    content: dict[str, Any] = {
        "type": PROBLEM_BASE + problem.kind,
        "title": TITLES.get(problem.status, "Erreur"),
        "status": problem.status,
        "detail": problem.detail,
        "instance": request.url.path,
    }
    if problem.errors:
        content["errors"] = [error.as_json() for error in problem.errors]
    return JSONResponse(content, problem.status, dict(problem.headers), media_type=MEDIA_TYPE)


def _answer(headers_below: Mapping[str, Mapping[str, str]], request: Request, problem: Problem) -> JSONResponse:
    answered = answer(request, problem)
    for path, headers in headers_below.items():
        if f"{request.url.path}/".startswith(f"{path}/"):
            answered.headers.update(headers)
    return answered


def install(app: FastAPI, headers_below: Mapping[str, Mapping[str, str]]) -> None:
    """Have every error of the application answered as a problem, with headers at and below some paths."""
    said = partial(_answer, headers_below)

    async def on_problem(request: Request, problem: Exception) -> JSONResponse:
        assert isinstance(problem, Problem)  # noqa: S101 - registered for this class alone
        return said(request, problem)

    async def on_invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        errors = field_errors(error.errors())
        detail = "La requête comporte " + ("une erreur." if len(errors) == 1 else f"{len(errors)} erreurs.")
        return said(request, Problem(400, "invalid-request", detail, errors))

    async def on_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101
        # FastAPI blames the body for whatever is raised while it is read; ours has its own answer.
        if isinstance(error.__cause__, Problem):
            return said(request, error.__cause__)
        detail = TITLES.get(error.status_code, "Erreur") + "."
        return said(
            request, Problem(error.status_code, f"http-{error.status_code}", detail, headers=error.headers or {})
        )

    async def on_full(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, OutboxFull)  # noqa: S101
        return said(
            request,
            outbox_full(
                error, "Rien de cette demande n’a été enregistré : renvoyez-la, avec la même clé d’idempotence,"
            ),
        )

    async def on_outage(request: Request, error: Exception) -> JSONResponse:
        if not is_unavailable(error):
            raise error
        return said(request, unavailable(error.dependency if isinstance(error, Unavailable) else "database"))

    async def on_failure(request: Request, _: Exception) -> JSONResponse:
        return said(request, Problem(500, "internal", "Une erreur interne s’est produite ; elle a été consignée."))

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(OutboxFull, on_full)
    # What is registered for Exception goes on to the server, which then closes the connection without having said so.
    for outage in (Unavailable, *CONNECTION_ERRORS):
        app.add_exception_handler(outage, on_outage)
    app.add_exception_handler(Exception, on_failure)


def unavailable(dependency: str) -> Problem:
    """A 503 that names what does not answer."""
    detail = f"Le service ne peut pas répondre pour l’instant ({dependency}). Rien n’a été enregistré ; réessayez."
    return Problem(503, "unavailable", detail, headers={"Retry-After": "2"})


def outbox_full(error: OutboxFull, hence: str) -> Problem:
    """A 503 that names what is full and since when; `hence` is what became of the request, and what to send again."""
    since = "" if error.since is None else f" ; le plus ancien y attend depuis le {moment(error.since)}"
    detail = (
        f"La file d’attente vers le journal est pleine ({_octets(error.limit)}), car le journal ne reçoit plus ce "
        f"qu’elle contient{since}. Ce qui a été accepté sera transmis. {hence} "
        f"dans {FULL_RETRY_SECONDS} secondes."
    )
    return Problem(503, "outbox-full", detail, headers={"Retry-After": str(FULL_RETRY_SECONDS)})


def _octets(size: int) -> str:
    unit, name = next((one for one in ((2**30, "Gio"), (2**20, "Mio")) if size >= one[0]), (2**10, "Kio"))
    return f"{size / unit:.3g} {name}".replace(".", ",")
