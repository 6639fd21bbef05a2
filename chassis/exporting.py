"""Whether traces go anywhere; apart from the SDK, which takes a tenth of a second to import."""

from collections.abc import Mapping


def exports_traces(environment: Mapping[str, str]) -> bool:
    """Where the standard `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` is set."""
    return any(name.startswith("OTEL_EXPORTER_OTLP") and name.endswith("_ENDPOINT") for name in environment)
