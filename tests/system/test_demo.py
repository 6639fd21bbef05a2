"""The demonstration, whole."""

import asyncio
import json
import sys
from collections import Counter

from deploy.local.samples import Sample, read_samples
from tests.processes import ROOT, free_port_base


async def test_every_sample_comes_to_its_end() -> None:
    demo = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cli.main", "demo", "--once", "--json", "--broker", "apache",
        "--port-base", str(free_port_base()), cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, said = await asyncio.wait_for(demo.communicate(), 400)
    assert demo.returncode == 0, said.decode() + output.decode()
    document = json.loads(output)
    assert (document["broker"], document["expected"], document["as_expected"]) == ("apache", 59, 59)
    procedures = document["procedures"]
    assert len({one["id"] for one in procedures}) == len({one["number"] for one in procedures}) == 59
    delivered = [one for one in procedures if one["tribunal"]]
    assert len(delivered) == 57
    # A reader of two topics may see the delivery before the number it carries.
    assert all(min(one["ms"].values()) > 0 and one["trace"] for one in delivered)
    assert all(one["ms"]["visible"] is None for one in procedures if one not in delivered)
    ends = Counter(one["status"] for one in procedures)
    assert ends == Counter(one["expected_status"] for one in procedures)
    assert (ends["unroutable"], ends["closed"], ends["decided"]) == (2, 5, 5)
    assert document["mails"] == sum(sample.mails for sample in distinct_samples())


def distinct_samples() -> list[Sample]:
    """Without the one that is sent again."""
    return list({(sample.administration, sample.idempotency_key): sample for sample in read_samples()}.values())
