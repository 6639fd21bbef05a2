"""A service that hands out one document, badly: cuts, other bytes, more of them, no ranges, refusals."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from infoparquet_contracts.parts import Document

from chassis.clock import new_id

_PIECE = 64 * 1024


class Cut(Exception):  # noqa: N818 - it is not the test that fails
    """The connection ends here."""


@dataclass
class LossyIntake:
    """`cut_after`: how many bytes each answer in turn has before its connection is cut; the next ones are whole."""

    content: bytes
    ranges: bool = True
    cut_after: list[int] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)
    etag: str | None = None
    asked: list[str | None] = field(default_factory=list)

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/v1/documents/{id}", response_model=None)
        async def read(request: Request) -> Response:
            return self._answer(request)

        return app

    def _answer(self, request: Request) -> Response:
        asked = request.headers.get("range")
        self.asked.append(asked)
        if self.problems:
            status, kind = self.problems.pop(0)
            problem = {"type": f"https://infoparquet.example/problems/{kind}", "detail": f"Refusée : {kind}."}
            return JSONResponse(problem, status)
        start, headers = 0, {"Content-Length": str(len(self.content))}
        if asked and self.ranges and request.headers.get("if-range") == (self.etag or f'"{digest(self.content)}"'):
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            headers["Content-Range"] = f"bytes {start}-{len(self.content) - 1}/{len(self.content)}"
            headers["Content-Length"] = str(len(self.content) - start)
        most = self.cut_after.pop(0) if self.cut_after else None
        return StreamingResponse(self._pieces(start, most), 206 if start else 200, headers)

    async def _pieces(self, start: int, most: int | None) -> AsyncIterator[bytes]:
        end = len(self.content) if most is None else start + most
        for place in range(start, end, _PIECE):
            yield self.content[place : min(place + _PIECE, end)]
        if most is not None:
            raise Cut


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def a_document(content: bytes, **more: Any) -> Document:
    """As a delivery names it."""
    told = {"id": new_id(), "media_type": "application/pdf", "bytes": len(content), "sha256": digest(content)}
    return Document.model_validate(told | more)
