"""The spans that services export, by trace; the last of them, in memory."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Exported
from opentelemetry.proto.trace.v1.trace_pb2 import Status

KEPT = 2000
MOST_SPANS = 1000
_SERVICE = "service.name"


@dataclass(frozen=True, slots=True)
class Span:
    """What a service did; `start` and `end` are nanoseconds since 1970, `parent` is empty where it began the trace."""

    id: str
    parent: str
    service: str
    name: str
    start: int
    end: int
    failed: bool


@dataclass
class Trace:
    """What was done for one request, wherever; `more` is how many spans are not kept."""

    id: str
    spans: dict[str, Span] = field(default_factory=dict)
    more: int = 0

    @property
    def services(self) -> list[str]:
        """Those that had a part in it, in the order in which they came to it."""
        return list(dict.fromkeys(span.service for span in self.in_time()))

    @property
    def start(self) -> int:
        return min(span.start for span in self.spans.values())

    def in_time(self) -> list[Span]:
        """All, by when they began."""
        return sorted(self.spans.values(), key=lambda one: (one.start, -one.end, one.id))

    def as_tree(self) -> list[tuple[int, Span]]:
        """Each with its depth, after the one that it is a part of."""
        parts: dict[str, list[Span]] = {}
        for span in reversed(self.in_time()):
            parts.setdefault(span.parent if span.parent in self.spans else "", []).append(span)
        found: dict[str, tuple[int, Span]] = {}
        # Those that are a part of each other begin nowhere: they come last.
        for first in (*reversed(parts.get("", [])), *self.in_time()):
            waiting = [(0, first)]
            while waiting:
                depth, span = waiting.pop()
                if span.id not in found:
                    found[span.id] = depth, span
                    waiting.extend((depth + 1, part) for part in parts.get(span.id, []))
        return list(found.values())


class Traces:
    """Those kept: of requests that one service answered alone as many as of those that went on to others."""

    def __init__(self, kept: int = KEPT, most_spans: int = MOST_SPANS) -> None:
        self._kept = kept
        self._most_spans = most_spans
        self._alone = OrderedDict[str, Trace]()
        self._several = OrderedDict[str, Trace]()

    def receive(self, body: bytes) -> None:
        """What an exporter sends. Raises google.protobuf.message.DecodeError."""
        for of_service in ExportTraceServiceRequest.FromString(body).resource_spans:
            attributes = {one.key: one.value.string_value for one in of_service.resource.attributes}
            for scope in of_service.scope_spans:
                for span in scope.spans:
                    self._add(span, attributes.get(_SERVICE, ""))

    def newest_first(self, *, alone: bool) -> Iterator[Trace]:
        """Those of one service alone, or of several."""
        return reversed((self._alone if alone else self._several).values())

    def get(self, trace: str) -> Trace | None:
        """A trace that is kept, by its id in hexadecimal."""
        return self._several.get(trace) or self._alone.get(trace)

    def _add(self, span: Exported, service: str) -> None:
        trace = self.get(span.trace_id.hex()) or Trace(span.trace_id.hex())
        if len(trace.spans) >= self._most_spans:
            trace.more += 1
            return
        trace.spans[span.span_id.hex()] = Span(
            id=span.span_id.hex(),
            parent=span.parent_span_id.hex(),
            service=service.removeprefix("infoparquet-"),
            name=span.name,
            start=span.start_time_unix_nano,
            end=max(span.end_time_unix_nano, span.start_time_unix_nano),
            failed=span.status.code == Status.STATUS_CODE_ERROR,
        )
        self._keep(trace)

    def _keep(self, trace: Trace) -> None:
        place = self._alone
        if trace.id in self._several or len({span.service for span in trace.spans.values()}) > 1:
            self._alone.pop(trace.id, None)
            place = self._several
        place[trace.id] = trace
        if len(place) > self._kept:
            place.popitem(last=False)
