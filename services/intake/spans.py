"""Which bytes of a document a request asks for (RFC 9110, conditional requests and ranges). Pure."""

from dataclasses import dataclass

from werkzeug.http import parse_etags, parse_range_header


@dataclass(frozen=True, slots=True)
class Asked:
    """The request's headers, None where it has none."""

    range: str | None
    if_range: str | None
    if_none_match: str | None


@dataclass(frozen=True, slots=True)
class Span:
    """These bytes; `partial`: because a range was asked for."""

    bytes: range
    partial: bool


class NotSatisfiable(Exception):  # noqa: N818 - RFC 9110's word
    """No byte of the range is there."""


def is_known(asked: Asked, sha256: str) -> bool:
    """Whether the client has it already."""
    return asked.if_none_match is not None and parse_etags(asked.if_none_match).contains_weak(sha256)


def span_of(asked: Asked, size: int, sha256: str) -> Span:
    """All of it where no range, several, or one that makes no sense is asked for. Raises NotSatisfiable."""
    wanted = parse_range_header(asked.range)
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1 or not _still_the_same(asked, sha256):
        return Span(range(size), partial=False)
    start, stop = wanted.ranges[0]
    # Counted from the end where it is below zero: more than there are is all there are.
    found = range(size)[start:stop]
    if not found:
        raise NotSatisfiable
    return Span(found, partial=True)


def _still_the_same(asked: Asked, sha256: str) -> bool:
    """Byte for byte, so neither a weak tag nor a date will do."""
    return asked.if_range in (None, f'"{sha256}"')
