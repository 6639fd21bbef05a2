"""Events are read however their bytes come, and whatever a fact's words hold."""

import pytest

from cli.event_stream import StreamEvent, events

WRITTEN = (
    'id: A\nevent: here\ndata: {"cursor": "A"}\n\n:\n\n'
    'id: B\nevent: fact\ndata: {"reference":"x\u2028id: Z\x85\x0b"}\n\n'
    "event: over\r\ndata: fini\r\n\r\nid: C\nevent: fact\ndata: {"
).encode()


@pytest.mark.parametrize("size", [1, 7, len(WRITTEN)])
def test_each_whole_event_is_read_once_with_its_id(size: int) -> None:
    chunks = [WRITTEN[at : at + size] for at in range(0, len(WRITTEN), size)]
    assert list(events(chunks)) == [StreamEvent("here", "A"), StreamEvent("fact", "B"), StreamEvent("over", "")]
