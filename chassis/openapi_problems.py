"""Which problems an operation can answer with: those that follow from its dependencies and its body, and its own."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi.dependencies.models import Dependant
from pydantic import Field

from chassis import idempotency
from chassis.described import Content, Operation, Problems, Shown
from chassis.identity import Only, authenticated
from chassis.problems import MEDIA_TYPE, PROBLEM_BASE, TITLES

_OF_DEPENDENCIES: Final[Mapping[Callable[..., Any], Problems]] = {
    authenticated: {401: ("bad-token",)},
    idempotency.key_of: {
        400: ("idempotency-key-missing", "idempotency-key-malformed"),
        409: ("idempotency-key-in-flight",),
        422: ("idempotency-key-reused",),
        503: ("outbox-full",),
    },
}
_OF_ALL: Final[Problems] = {500: ("internal",), 503: ("too-many-connections", "unavailable")}
_OF_PARAMETERS: Final[Problems] = {400: ("invalid-request",)}
# What FastAPI reads itself, it also refuses itself where the bytes are no text.
_OF_MODELS: Final[Problems] = {400: ("http-400",)}
_OF_BODIES: Final[Problems] = {408: ("too-slow",)}
_OF_LIMITED_BODIES: Final[Problems] = {413: ("too-large",)}
# Whoever asks again may be answered otherwise.
_PASSING: Final = {"idempotency-key-in-flight", "document-not-scanned", "storage-full"}
_RETRY: Final = "Nombre de secondes au bout duquel recommencer."
_CHALLENGE: Final = "Le mode d’authentification attendu : `Bearer`."


class Fault(Shown):
    """One of a problem's `errors`."""

    pointer: Annotated[str, Field(description="Pointeur JSON (RFC 6901) vers ce qui est en cause ; vide : le tout.")]
    detail: Annotated[str, Field(description="Ce qui ne va pas, en français.")]
    suggestions: Annotated[list[str], Field(min_length=1, default_factory=list, description="Les valeurs proches.")]


class ProblemDetails(Shown):
    """RFC 9457."""

    type: Annotated[str, Field(json_schema_extra={"format": "uri"}, description="La nature du problème.")]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: Annotated[str, Field(description="Ce qui s’est passé et que faire, en français.")]
    instance: Annotated[str, Field(description="Le chemin appelé.")]
    errors: Annotated[list[Fault], Field(min_length=1, default_factory=list, description="Chaque champ en cause.")]


PROBLEM: Final = Content(ProblemDetails, media_type=MEDIA_TYPE)


def calls_of(dependant: Dependant) -> Iterator[Callable[..., Any]]:
    """Everything that is called before an operation, however deep."""
    for one in dependant.dependencies:
        if one.call is not None:
            yield one.call
        yield from calls_of(one)


def problems_of(
    dependant: Dependant, operation: Operation, own: Mapping[Callable[..., Any], Problems], *, limited: bool
) -> Problems:
    """The kinds by status, in order; `limited`: its body is no longer than any."""
    kinds: dict[int, set[str]] = defaultdict(set)
    found = [_OF_ALL, operation.problems, *(_of(call, own) for call in calls_of(dependant))]
    if _has_parameters(dependant):
        found.append(_OF_PARAMETERS)
    if dependant.body_params:
        found.append(_OF_MODELS)
    if operation.body is not None:
        found.append(_OF_BODIES)
    if operation.body is not None and limited:
        found.append(_OF_LIMITED_BODIES)
    for problems in found:
        for status, some in problems.items():
            kinds[status].update(some)
    return {status: sorted(kinds[status]) for status in sorted(kinds)}


def _of(call: Callable[..., Any], own: Mapping[Callable[..., Any], Problems]) -> Problems:
    if isinstance(call, Only):
        return {403: ("wrong-organisation", *(("wrong-role",) if call.roles else ()))}
    return own.get(call) or _OF_DEPENDENCIES.get(call, {})


def _has_parameters(dependant: Dependant) -> bool:
    """Whether it takes anything that FastAPI validates: an idempotency key is not, and says so itself."""
    return bool(dependant.path_params or dependant.query_params or dependant.body_params)


def response_of(status: int, kinds: list[str], schema: dict[str, Any], *, waits: bool) -> dict[str, Any]:
    """The response object."""
    types = {"properties": {"type": {"enum": [PROBLEM_BASE + kind for kind in kinds]}}}
    listed = ", ".join(f"`{kind}`" for kind in kinds)
    headers = {
        name: {"description": told, "required": always, "schema": {"type": "string"}}
        for name, told, always in _headers(status, kinds, waits=waits)
    }
    title = TITLES.get(status) or HTTPStatus(status).phrase
    return {
        "description": f"{title} : {listed}.",
        **({"headers": headers} if headers else {}),
        "content": {MEDIA_TYPE: {"schema": {"allOf": [schema, types]}}},
    }


def _headers(status: int, kinds: list[str], *, waits: bool) -> Iterator[tuple[str, str, bool]]:
    if status == 401:
        yield "WWW-Authenticate", _CHALLENGE, True
    if status == 503:
        yield "Retry-After", _RETRY, True
    if (status == 404 and waits) or _PASSING.intersection(kinds):
        yield "Retry-After", _RETRY, False
