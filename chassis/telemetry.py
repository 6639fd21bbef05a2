"""One trace from the HTTP request through outbox row, message and handlers.

The trace travels as a W3C `traceparent` in the outbox row's headers. Spans are exported where the standard
`OTEL_EXPORTER_OTLP_ENDPOINT` is set; identifiers are made and passed on either way.
"""

from collections.abc import Mapping
from datetime import datetime

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from chassis.exporting import exports_traces

_PROPAGATOR = TraceContextTextMapPropagator()


class Telemetry:
    """A service's tracer."""

    def __init__(self, service: str, environment: Mapping[str, str]) -> None:
        self.provider = TracerProvider(
            resource=Resource.create({"service.name": f"infoparquet-{service}", "service.namespace": "infoparquet"})
        )
        self.exports = exports_traces(environment)
        if self.exports:
            # A tenth of a second of imports, for those alone who export.
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            self.provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self.provider.get_tracer("infoparquet.chassis")

    def span(self, name: str, *, parent: str | None, kind: SpanKind, start: datetime | None = None) -> Span:
        """A started span under the `traceparent` given, or a new trace; the caller ends it."""
        context = _PROPAGATOR.extract({"traceparent": parent}) if parent else None
        started = None if start is None else int(start.timestamp() * 1e9)
        return self._tracer.start_span(name, context=context, kind=kind, start_time=started)

    def close(self) -> None:
        """Send what is buffered; at most the exporter's own time limit."""
        self.provider.shutdown()


def traceparent_of(span: Span) -> str:
    """The W3C header value that makes others children of `span`."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier, context=trace.set_span_in_context(span))
    return carrier.get("traceparent", "")


def current_traceparent() -> str | None:
    """The header value of the span now active in this task, None outside any."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")
