"""One trace from the HTTP request through outbox rows, messages and handlers, as the page of traces shows it.

On `light`, which has no other test with all five services.
"""

import re
from collections.abc import AsyncIterator
from html import unescape

import httpx
import pytest_asyncio
from infoparquet_contracts.topics import JOURNAL, tribunal_topic

from deploy.local.samples import read_samples
from tests import audit
from tests.processes import until
from tests.system.conftest import System, open_system

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
ROAD = {
    ("intake", "POST /v1/procedures"),
    ("intake", "publish infoparquet.procedures.v1"),
    ("numbering", "numbering allocate_numbers"),
    ("numbering", "publish infoparquet.procedures.v1"),
    ("routing", "routing advance_procedures"),
    ("routing", "publish infoparquet.tribunal.tj33063.v1"),
    ("notify", "notify follow_procedures"),
    ("notify", "publish infoparquet.procedures.v1"),
    ("query", "query extend_timelines"),
}


_STEP = re.compile(r"<tr><td>([^<]*)</td><td[^>]*>([^<]*)")


@pytest_asyncio.fixture
async def traced() -> AsyncIterator[System]:
    """A system whose traces are received beside it, as by default."""
    async with open_system("--broker", "light", "--traces") as system:
        yield system


async def test_one_trace_leads_from_the_request_to_the_court_and_the_view(traced: System) -> None:
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
        async with httpx.AsyncClient(base_url=traced.run_file["traces"], timeout=30) as client:
            page = (await client.get(f"/traces/{TRACE}")).text
        return {(service, unescape(name)) for service, name in _STEP.findall(page)} >= ROAD

    await until(whole, what="every span of the road")
    kafka = traced.run_file["kafka"]
    records = await audit.read(kafka, JOURNAL, tribunal_topic("tj33063"))
    assert len(records) == 6
    assert {(event.traceparent or "").split("-")[1] for _, event in records} == {TRACE}
