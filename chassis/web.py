"""The HTTP side every service has: health, readiness, metrics, documents, problems, positions, limits."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Response
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from chassis import problems
from chassis.admission import Admission
from chassis.bodies import DEFAULT_PACE, BoundedBody, Pace
from chassis.described import Description
from chassis.identity import Caller, Identity, only
from chassis.readiness import Readiness
from chassis.telemetry import Telemetry

QUIET = "healthz,readyz,metrics"
# Of the API, as in its paths.
VERSION = "1"


def build_app(
    *,
    title: str,
    routers: Sequence[APIRouter],
    identity: Identity,
    readiness: Readiness,
    telemetry: Telemetry,
    registry: CollectorRegistry,
    positions: Callable[[], Any],
    answering: Callable[[], Awaitable[None]],
    description: Callable[[], Description],
    unlimited: Sequence[str] = (),
    pace: Pace = DEFAULT_PACE,
    problem_headers: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> FastAPI:
    """The application of a service; `unlimited` are paths that read large bodies themselves (see `reads_itself`).

    `problem_headers` are those that problems have at and below some paths.
    `answering` is awaited before each call of the routers, and raises while they would answer what is not true.
    """
    app = FastAPIOffline(title=title, version=VERSION)
    app.openapi = _documented(app, description, unlimited)  # type: ignore[method-assign]  # as FastAPI documents it
    app.state.identity = identity
    problems.install(app, problem_headers)
    app.include_router(_common(readiness, registry, positions))
    for router in routers:
        app.include_router(router, dependencies=[Depends(answering)])
    FastAPIInstrumentor.instrument_app(
        app, tracer_provider=telemetry.provider, excluded_urls=QUIET, exclude_spans=["receive", "send"]
    )
    app.add_middleware(BoundedBody, unlimited=unlimited, pace=pace)
    app.add_middleware(Admission, unlimited=unlimited)
    return app


def _documented(
    app: FastAPI, description: Callable[[], Description], unlimited: Sequence[str]
) -> Callable[[], dict[str, Any]]:
    @cache
    def made() -> dict[str, Any]:
        # Not at the top: only who asks for the document pays for it.
        from chassis.openapi import document

        return document(app, description(), unlimited)

    return made


def _common(readiness: Readiness, registry: CollectorRegistry, positions: Callable[[], Any]) -> APIRouter:
    router = APIRouter(tags=["positions"])

    @router.get("/healthz", include_in_schema=False)
    async def alive() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz", include_in_schema=False)
    async def ready() -> Response:
        faults = await readiness.faults()
        if not faults:
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "not-ready", "missing": faults}, 503)

    @router.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    @router.get("/v1/positions", summary="Où en est ce service dans chaque partition")
    async def service_positions(caller: Annotated[Caller, Depends(only("operator"))]) -> Any:  # noqa: ANN401, ARG001
        return await positions()

    return router
