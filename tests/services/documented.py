"""Holds a service's document to what it really answers, and to what it really takes: every answer of every test."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import httpx
from fastapi import FastAPI
from jsonschema import Draft202012Validator

JSON, NDJSON = "application/json", "application/x-ndjson"
ANY_BYTES: dict[str, Any] = {"*/*": {}}
TOLD = ("location", "retry-after", "preference-applied", "www-authenticate")


class Documented:
    """One document; its schemas are closed here, so that a field that it does not name is seen."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = json.loads(json.dumps(document))
        for part in _objects(self.document):
            part.setdefault("additionalProperties", False)
        self._validators: dict[int, Draft202012Validator] = {}

    async def __call__(self, answer: httpx.Response) -> None:
        """An HTTPX hook. Raises AssertionError where the document says otherwise."""
        await answer.aread()
        operation = self._operation(answer.request)
        # No operation answers to another method.
        if operation is None or answer.status_code == 405:
            return
        where = f"{answer.request.method} {answer.request.url.path} → {answer.status_code}"
        said = operation["responses"].get(str(answer.status_code))
        assert said is not None, f"{where}: not in the document: {answer.text[:500]}"
        _check_headers(where, said.get("headers", {}), answer.headers)
        if "content" in said:
            self._check_body(where, said["content"], answer.headers["content-type"], answer.content)
        else:
            assert answer.content == b"", f"{where}: a body is not in the document"
        sent = operation.get("requestBody", {"content": {}})["content"]
        # Of a batch each line is answered by itself, good or bad; a body that was only checked may be wrong too.
        if answer.is_success and JSON in sent and not (answer.content and answer.json().get("errors")):
            self._check_body(f"{where}, as sent", sent, JSON, answer.request.content)

    def _check_body(self, where: str, content: Mapping[str, Any], media_type: str, body: bytes) -> None:
        media_type = media_type.partition(";")[0]
        if content == ANY_BYTES:
            return
        assert media_type in content, f"{where}: {media_type} is not in the document"
        if "schema" not in content[media_type]:
            return
        validator = self._validator(content[media_type]["schema"])
        for text in [body] if media_type != NDJSON else body.splitlines():
            for error in validator.iter_errors(json.loads(text)):
                raise AssertionError(f"{where}: {error.json_path}: {error.message}")

    def _validator(self, schema: Mapping[str, Any]) -> Draft202012Validator:
        if id(schema) not in self._validators:
            whole = {**schema, "components": self.document["components"]}
            self._validators[id(schema)] = Draft202012Validator(whole)
        return self._validators[id(schema)]

    def _operation(self, request: httpx.Request) -> Any:
        # A literal path comes before one with a parameter.
        for path, operations in sorted(self.document["paths"].items(), key=lambda pair: "{" in pair[0]):
            if _pattern(path).fullmatch(request.url.path):
                return operations.get(request.method.lower())
        return None


_BY_TITLE: dict[str, Documented] = {}


def documented(app: FastAPI) -> Documented:
    """The document of the application; made once a service, since it takes a moment."""
    if app.title not in _BY_TITLE:
        _BY_TITLE[app.title] = Documented(app.openapi())
    return _BY_TITLE[app.title]


def _check_headers(where: str, said: Mapping[str, Any], headers: httpx.Headers) -> None:
    named = {name.lower() for name in said}
    for name in TOLD:
        assert name not in headers or name in named, f"{where}: {name} is not in the document"
    for name, header in said.items():
        assert name in headers or not header["required"], f"{where}: no {name}"


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(re.escape(part) for part in re.split(r"{\w+}", path)))


def _objects(part: Any) -> Iterator[dict[str, Any]]:
    """Every schema of an object with its properties."""
    if isinstance(part, dict):
        if part.get("type") == "object" and "properties" in part:
            yield part
        for one in part.values():
            yield from _objects(one)
    elif isinstance(part, list):
        for one in part:
            yield from _objects(one)
