"""One trace from the HTTP request through outbox rows, messages and handlers, as an OpenTelemetry collector sees it.

On `light`, which has no other test with all five services.
"""

import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
import pytest_asyncio
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from deploy.local.samples import read_samples
from tests import audit
from tests.processes import until
from tests.system.conftest import System, open_system

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
ROAD = {
    ("infoparquet-intake", "POST /v1/procedures"),
    ("infoparquet-intake", "publish infoparquet.procedures.v1"),
    ("infoparquet-numbering", "numbering allocate_numbers"),
    ("infoparquet-numbering", "publish infoparquet.procedures.v1"),
    ("infoparquet-routing", "routing advance_procedures"),
    ("infoparquet-routing", "publish infoparquet.tribunal.tj33063.v1"),
    ("infoparquet-notify", "notify follow_procedures"),
    ("infoparquet-notify", "publish infoparquet.procedures.v1"),
    ("infoparquet-query", "query extend_timelines"),
}


@dataclass
class Collector:
    """An OTLP/HTTP receiver on 127.0.0.1 that remembers which service said which span of which trace."""

    url: str = ""
    spans: set[tuple[str, str, str]] = field(default_factory=set)

    def receive(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            attributes = {one.key: one.value.string_value for one in resource.resource.attributes}
            for scope in resource.scope_spans:
                for span in scope.spans:
                    self.spans.add((span.trace_id.hex(), attributes["service.name"], span.name))


@pytest.fixture
def collector() -> Iterator[Collector]:
    collected = Collector()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collected.receive(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    collected.url = f"http://127.0.0.1:{server.server_port}"
    yield collected
    server.shutdown()


@pytest_asyncio.fixture
async def traced(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[System]:
    """A system whose services export their spans, often."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
    async with open_system("--broker", "light") as system:
        yield system


async def test_one_trace_leads_from_the_request_to_the_court_and_the_view(traced: System, collector: Collector) -> None:
    sample = next(one for one in read_samples() if one.expected_tribunal == "tj33063")
    headers = traced.token(f"administration:{sample.administration}")
    async with httpx.AsyncClient(timeout=30) as client:
        answer = await client.post(
            f"{traced.url('intake')}/v1/procedures",
            json=sample.procedure,
            headers={**headers, "Idempotency-Key": "traced", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"},
        )
    assert answer.status_code == 202

    async def whole() -> bool:
        return {(service, name) for trace, service, name in collector.spans if trace == TRACE} >= ROAD

    await until(whole, what="every span of the road")
    kafka = traced.run_file["kafka"]
    records = await audit.read(kafka, audit.JOURNAL, audit.tribunal_topic("tj33063"))
    assert len(records) == 6
    assert {(event.traceparent or "").split("-")[1] for _, event in records} == {TRACE}
