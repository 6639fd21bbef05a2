"""Receives what services export of their traces (OTLP/HTTP) and shows it. Development only.

`python -m deploy.local.traces --port P`, on 127.0.0.1; production has Jaeger, Tempo or whatever takes OTLP.
"""

import argparse
import asyncio
import zlib

from google.protobuf.message import DecodeError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.local.pages import local_app, serve_locally, shown
from deploy.local.spans import Traces
from deploy.local.traces_page import list_page, trace_page

# An exporter sends 512 spans at most.
LARGEST_BODY = 4 * 1024 * 1024
_PROTOBUF = "application/x-protobuf"
_GZIP = 16 + zlib.MAX_WBITS


def build_app(traces: Traces) -> Starlette:
    """The receiver and the pages."""
    pages = _Pages(traces)
    return local_app(
        [
            Route("/v1/traces", pages.receive, methods=["POST"]),
            Route("/", pages.index),
            Route("/traces/{id}", pages.one),
        ]
    )


class _Pages:
    def __init__(self, traces: Traces) -> None:
        self._traces = traces

    async def receive(self, request: Request) -> Response:
        # What a page of another site may send without asking is never this type.
        if request.headers.get("content-type") != _PROTOBUF:
            raise HTTPException(415, f"Content-Type: {_PROTOBUF}")
        try:
            self._traces.receive(await _body(request))
        except (DecodeError, zlib.error) as error:
            raise HTTPException(400, "ExportTraceServiceRequest expected") from error
        return Response(media_type=_PROTOBUF)

    async def index(self, request: Request) -> Response:
        alone = "alone" in request.query_params
        return shown(list_page(self._traces.newest_first(alone=alone), alone=alone))

    async def one(self, request: Request) -> Response:
        trace = self._traces.get(request.path_params["id"])
        if trace is None:
            raise HTTPException(404, "Cette trace n’est pas là, ou plus là ; les services l’envoient chaque seconde.")
        return shown(trace_page(trace))


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_BODY:
            raise HTTPException(413, f"{LARGEST_BODY} bytes at most")
    if request.headers.get("content-encoding") != "gzip":
        return bytes(body)
    unpacking = zlib.decompressobj(_GZIP)
    unpacked = unpacking.decompress(bytes(body), LARGEST_BODY)
    if unpacking.unconsumed_tail:
        raise HTTPException(413, f"{LARGEST_BODY} bytes at most")
    return unpacked


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.traces", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    asyncio.run(serve_locally(build_app(Traces()), parser.parse_args().port))


if __name__ == "__main__":
    main()
