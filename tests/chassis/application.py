"""A service's HTTP side without a database, a broker or an issuer."""

from typing import Any

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry

from chassis.described import Description
from chassis.identity import Identity
from chassis.readiness import Readiness
from chassis.telemetry import Telemetry
from chassis.web import build_app


def bare_app(router: APIRouter, **more: Any) -> FastAPI:
    """As services build theirs; `/pieces` reads large bodies itself."""
    return build_app(
        title="tests",
        routers=[router],
        identity=Identity("http://127.0.0.1:9", "infoparquet"),
        readiness=Readiness({}),
        telemetry=Telemetry("tests", {}),
        registry=CollectorRegistry(),
        positions=list,
        answering=_answering,
        description=lambda: Description("", {}, {}),
        unlimited=["/pieces"],
        **more,
    )


async def _answering() -> None:
    """At once: nothing is to be known again here."""
