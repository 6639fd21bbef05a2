"""The trace receiver: what services export can be read, in the order of what led to what, and can do nothing there."""

import gzip
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import StatusCode, format_trace_id, set_span_in_context

from chassis.exporting import exports_traces
from deploy.local.http_process import HttpProcess
from deploy.local.ports import free_ports
from deploy.local.spans import Traces
from deploy.local.traces import LARGEST_BODY
from deploy.local.traces_page import LONGEST_PAUSE, list_page, trace_page
from tests.processes import ROOT

PROTOBUF = {"Content-Type": "application/x-protobuf"}
EVIL = "<script>parent.alert(1)</script>"
MS = 1_000_000
_STEP = re.compile(r"<tr><td>([^<]*)</td><td([^>]*)>([^<]*)")


@pytest.fixture
async def receiver(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The process, from outside."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "deploy.local.traces", "--port", str(port)]
    process = HttpProcess("traces", command, url=url, log=tmp_path / "log", environment={"PYTHONPATH": str(ROOT)})
    async with process, httpx.AsyncClient(base_url=url, trust_env=False) as http:
        yield http


def service(http: httpx.AsyncClient, name: str, compression: Compression = Compression.NoCompression) -> TracerProvider:
    """As a service exports, each span when it ends."""
    exporter = OTLPSpanExporter(str(http.base_url.join("/v1/traces")), compression=compression)
    provider = TracerProvider(resource=Resource.create({"service.name": f"infoparquet-{name}"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


def a_request(http: httpx.AsyncClient) -> str:
    """That intake takes and numbering goes on with, which fails; its trace."""
    intake = service(http, "intake").get_tracer("tests")
    numbering = service(http, "numbering", Compression.Gzip).get_tracer("tests")
    asked = intake.start_span("POST /v1/procedures")
    handled = numbering.start_span("numbering allocate", context=set_span_in_context(asked))
    handled.set_status(StatusCode.ERROR)
    handled.end()
    asked.end()
    return format_trace_id(asked.get_span_context().trace_id)


async def test_what_two_services_did_for_one_request_is_one_trace(receiver: httpx.AsyncClient) -> None:
    trace = a_request(receiver)
    listed = (await receiver.get("/")).text
    assert re.findall(r'href="/traces/([0-9a-f]+)">([^<]*)', listed) == [(trace, "POST /v1/procedures")]
    assert "<td>intake, numbering</td><td>2</td>" in listed
    shown = (await receiver.get(f"/traces/{trace}")).text
    assert _STEP.findall(shown) == [
        ("intake", "", "POST /v1/procedures"),
        ("numbering", ' style="padding-left: 1rem"', "numbering allocate "),
    ]
    assert shown.count("échec") == 1


async def test_requests_of_one_service_are_apart(receiver: httpx.AsyncClient) -> None:
    service(receiver, "query").get_tracer("tests").start_span("GET /v1/procedures").end()
    assert "GET /v1/procedures" not in (await receiver.get("/")).text
    assert "GET /v1/procedures" in (await receiver.get("/?alone")).text


async def test_names_do_nothing_in_the_page(receiver: httpx.AsyncClient) -> None:
    span = service(receiver, EVIL).get_tracer("tests").start_span(EVIL)
    span.end()
    for path in ("/?alone", f"/traces/{format_trace_id(span.get_span_context().trace_id)}"):
        answer = await receiver.get(path)
        assert "&lt;script&gt;" in answer.text
        assert "<script" not in answer.text
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        (PROTOBUF, b"\xff", 400),
        (PROTOBUF | {"Content-Encoding": "gzip"}, b"no gzip", 400),
        (PROTOBUF | {"Content-Encoding": "gzip"}, gzip.compress(bytes(LARGEST_BODY + 1)), 413),
        (PROTOBUF, bytes(LARGEST_BODY + 1), 413),
        ({"Content-Type": "text/plain"}, b"", 415),
        (PROTOBUF | {"Host": "evil.example"}, b"", 400),
        (PROTOBUF, b"", 200),
    ],
)
async def test_what_is_no_trace_is_refused(
    receiver: httpx.AsyncClient, headers: dict[str, str], content: bytes, status: int
) -> None:
    assert (await receiver.post("/v1/traces", content=content, headers=headers)).status_code == status


async def test_what_is_not_there_is_a_404(receiver: httpx.AsyncClient) -> None:
    assert (await receiver.get("/traces/x")).status_code == 404


def exported(trace: int, *spans: tuple[str, int, int, int, int]) -> bytes:
    """Of each: its service, its id, its parent's, and from when to when in nanoseconds."""
    request = ExportTraceServiceRequest()
    for name, one, parent, start, end in spans:
        resource = request.resource_spans.add()
        resource.resource.attributes.add(key="service.name").value.string_value = name
        resource.scope_spans.add().spans.add(
            trace_id=trace.to_bytes(16), span_id=one.to_bytes(8), parent_span_id=parent.to_bytes(8) if parent else b"",
            name=f"{name} {one}", start_time_unix_nano=start, end_time_unix_nano=end,
        )  # fmt: skip
    return request.SerializeToString()


def of(*spans: tuple[str, int, int, int, int], **bounds: int) -> Traces:
    """One trace, whose id is 1."""
    traces = Traces(**bounds)
    traces.receive(exported(1, *spans))
    return traces


def test_steps_come_after_what_they_are_a_part_of_in_time() -> None:
    trace = of(("b", 3, 1, 30, 40), ("b", 2, 1, 20, 60), ("c", 4, 2, 50, 55), ("a", 1, 0, 10, 70), ("d", 5, 99, 5, 6))
    found = trace.get(f"{1:032x}")
    assert found is not None
    assert [(depth, span.name) for depth, span in found.as_tree()] == [
        (0, "d 5"), (0, "a 1"), (1, "b 2"), (2, "c 4"), (1, "b 3"),
    ]  # fmt: skip


def test_those_that_are_a_part_of_each_other_are_shown_all_the_same() -> None:
    found = of(("a", 1, 2, 10, 20), ("a", 2, 1, 11, 12), ("a", 3, 3, 5, 6)).get(f"{1:032x}")
    assert found is not None
    assert sorted(span.name for _, span in found.as_tree()) == ["a 1", "a 2", "a 3"]


def test_a_long_pause_leaves_the_rest_to_be_seen() -> None:
    day = 24 * 3600 * 1000 * MS
    found = of(("a", 1, 0, 0, 100 * MS), ("b", 2, 1, day, day + 100 * MS)).get(f"{1:032x}")
    assert found is not None
    places = [tuple(map(float, one)) for one in re.findall(r'x="([\d.]+)" width="([\d.]+)"', trace_page(found))]
    length = 200 + LONGEST_PAUSE // MS
    assert places == [(0, 100_000 / length), (1000 - 100_000 / length, 100_000 / length)]
    assert "86\u202f400\u202f000,0" in trace_page(found)


def test_the_oldest_make_room_and_those_of_several_services_are_not_put_out_by_others() -> None:
    traces = Traces(kept=2, most_spans=3)
    for number in (1, 2, 3):
        traces.receive(exported(number, ("a", 1, 0, 1, 2), ("b", 2, 1, 1, 2)))
    for number in range(4, 10):
        traces.receive(exported(number, ("a", 1, 0, 1, 2)))
    assert [int(one.id, 16) for one in traces.newest_first(alone=False)] == [3, 2]
    assert [int(one.id, 16) for one in traces.newest_first(alone=True)] == [9, 8]
    traces.receive(exported(3, *(("c", number, 1, 1, 2) for number in range(10, 14))))
    found = traces.get(f"{3:032x}")
    assert found is not None
    assert (len(found.spans), found.more) == (3, 3)
    assert "3 autres étapes" in trace_page(found)


@given(st.lists(st.tuples(st.sampled_from("ab"), *[st.integers(0, 3)] * 2, *[st.integers(0, 2**64 - 1)] * 2)))
def test_any_spans_are_shown(spans: list[tuple[str, int, int, int, int]]) -> None:
    traces = of(*spans)
    for alone in (True, False):
        kept = list(traces.newest_first(alone=alone))
        assert list_page(kept, alone=alone).count("/traces/") == len(kept)
        for one in kept:
            assert trace_page(one).count("<rect") == len(one.spans)


@given(st.binary(max_size=500))
def test_any_bytes_are_spans_or_refused(content: bytes) -> None:
    traces = Traces()
    try:
        traces.receive(content)
    except DecodeError:
        return
    for one in traces.newest_first(alone=True):
        assert trace_page(one)


@pytest.mark.parametrize(
    ("name", "exports"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", True),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", True),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", False),
    ],
)
def test_whoever_has_a_collector_keeps_it(name: str, exports: bool) -> None:
    assert exports_traces({name: "http://collector.example"}) is exports
