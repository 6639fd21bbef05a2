"""The OpenAPI 3.1 document of a service: what FastAPI sees in its routes, what follows from them, what describes them.

It is made when it is first asked for, so that no service starts slower by it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic_core import to_jsonable_python

from chassis import common_operations
from chassis.bodies import reads_itself
from chassis.described import Content, Description, Operation
from chassis.idempotency import KEY_PATTERN, key_of
from chassis.identity import Only, authenticated
from chassis.openapi_problems import PROBLEM, calls_of, problems_of, response_of
from chassis.openapi_schemas import Mode, Schema, labelled, reachable, schemas_of

OPENAPI: Final = "3.1.0"
METHODS: Final = ("get", "post", "put", "patch", "delete")
_TOKEN: Final = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "Jeton d’accès de l’émetteur : `iss`, `aud` (« infoparquet »), `sub`, `exp`, `organisation` "
    "(`administration:<code>`, `tribunal:<code>`, `operator` ou `service:<nom>`) et `roles`.",
}
_SERVER: Final = {"url": "/", "description": "L’adresse de ce document ; en production, celle de tous les services."}
_KINDS: Final = {
    "administration": "les administrations",
    "tribunal": "les tribunaux",
    "operator": "l’exploitation",
    "service": "les services d’infoParquet",
}


class Undescribed(Exception):  # noqa: N818
    """An operation that its service does not describe, or one described that it has not."""


@dataclass(frozen=True)
class _Entry:
    """An operation of the document with its route and its description."""

    name: str
    written: dict[str, Any]
    route: Any
    operation: Operation
    # Its body is no longer than any.
    limited: bool

    @property
    def contents(self) -> Iterator[tuple[str, tuple[Content, Mode]]]:
        """Its bodies by names of their own."""
        body = self.operation.body
        if body is not None and body.shape is not None:
            yield f"{self.name} body", (body, "validation")
        for status, answer in self.operation.answers.items():
            if answer.content is not None and answer.content.shape is not None:
                yield f"{self.name} {status}", (answer.content, "serialization")


def document(app: FastAPI, description: Description, unlimited: Collection[str]) -> dict[str, Any]:
    """The document, ready to be written as JSON. Raises Undescribed."""
    described = {**common_operations.OPERATIONS, **description.operations}
    base = get_openapi(title=app.title, version=app.version, openapi_version=OPENAPI, routes=app.routes)
    entries = list(_entries(app, base["paths"], described, unlimited))
    if absent := described.keys() - {one.name for one in entries}:
        raise Undescribed(", ".join(sorted(absent)))
    contents = dict(pair for one in entries for pair in one.contents)
    schemas, definitions = schemas_of({**contents, "problem": (PROBLEM, "serialization")})
    for one in entries:
        _complete(one, schemas, description)
    definitions = base.get("components", {}).get("schemas", {}) | definitions
    used = reachable(base["paths"], definitions)
    tags = {**description.tags, **common_operations.TAGS}
    return {
        "openapi": OPENAPI,
        "info": base["info"] | {"description": description.text},
        "servers": [_SERVER],
        "tags": [{"name": name, "description": text} for name, text in tags.items()],
        "paths": base["paths"],
        "components": {
            "schemas": {name: labelled(definitions[name]) for name in sorted(used)},
            "securitySchemes": {"token": _TOKEN},
        },
    }


def _entries(
    app: FastAPI, paths: Mapping[str, Any], described: Mapping[str, Operation], unlimited: Collection[str]
) -> Iterator[_Entry]:
    for route in iter_route_contexts(app.routes):
        if not isinstance(route.original_route, APIRoute) or not route.include_in_schema:
            continue
        path = str(route.path_format)
        for method in route.methods or ():
            name = f"{method} {path}"
            if name not in described:
                raise Undescribed(name)
            yield _Entry(name, paths[path][method.lower()], route, described[name], not reads_itself(path, unlimited))


def _complete(entry: _Entry, schemas: Mapping[str, Schema], description: Description) -> None:
    """Write into FastAPI's operation what it could not know."""
    written, operation, calls = entry.written, entry.operation, list(calls_of(entry.route.dependant))
    written["operationId"] = entry.route.name
    if told := "\n\n".join([text for text in (operation.description, _allowed(calls)) if text]):
        written["description"] = told
    written["security"] = [{"token": []}] if authenticated in calls else []
    written["parameters"] = [*_parameters(written.get("parameters", ())), *_headers(operation)]
    if key_of in calls:
        _require_key(written["parameters"])
    if operation.body is not None:
        written["requestBody"] = _body(operation.body, schemas.get(f"{entry.name} body"))
    problems = problems_of(entry.route.dependant, operation, description.dependencies, limited=entry.limited)
    written["responses"] = {
        **{str(status): _answer(entry, status, schemas) for status in operation.answers},
        **{
            str(status): response_of(status, list(kinds), schemas["problem"], waits=operation.waits)
            for status, kinds in problems.items()
        },
    }


def _allowed(calls: Collection[Callable[..., Any]]) -> str:
    """Who may call, in one sentence."""
    for call in calls:
        if isinstance(call, Only):
            roles = f", dans l’un des rôles {', '.join(f'`{role}`' for role in call.roles)}" if call.roles else ""
            return f"Ouverte à : {', '.join(_KINDS[kind] for kind in call.kinds)}{roles}."
    return ""


def _parameters(parameters: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Without the titles that FastAPI makes of the names."""
    for one in parameters:
        yield one | {"schema": {name: value for name, value in one["schema"].items() if name != "title"}}


def _headers(operation: Operation) -> Iterator[dict[str, Any]]:
    for name, text in operation.request_headers.items():
        yield {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}


def _require_key(parameters: list[dict[str, Any]]) -> None:
    """FastAPI takes it for optional: that it is missing has an answer of its own."""
    for parameter in parameters:
        if parameter["name"] == "Idempotency-Key":
            parameter |= {"required": True, "schema": {"type": "string", "pattern": KEY_PATTERN}}


def _body(content: Content, schema: Schema | None) -> dict[str, Any]:
    told = {"description": content.description} if content.description else {}
    return {"required": True, **told, "content": _content(content, schema)}


def _content(content: Content, schema: Schema | None) -> dict[str, Any]:
    if schema is None:
        return {content.media_type: {}}
    examples = {name: {"value": to_jsonable_python(value)} for name, value in content.examples.items()}
    return {content.media_type: {"schema": schema, **({"examples": examples} if examples else {})}}


def _answer(entry: _Entry, status: int, schemas: Mapping[str, Schema]) -> dict[str, Any]:
    answer = entry.operation.answers[status]
    also: Schema = {media_type: {} for media_type in answer.also}
    content = answer.content
    headers = {
        name: {"description": text, "required": name not in answer.sometimes, "schema": {"type": "string"}}
        for name, text in answer.headers.items()
    }
    return {
        "description": answer.description,
        **({"headers": headers} if headers else {}),
        **({} if content is None else {"content": _content(content, schemas.get(f"{entry.name} {status}")) | also}),
    }
