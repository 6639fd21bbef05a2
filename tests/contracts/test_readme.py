"""The README's examples are run as they stand."""

import re
from pathlib import Path

import pytest
from infoparquet_contracts.envelope import decode, encode

from tests.contracts.builders import PROCEDURE, an_event, numbered, submitted

README = Path(__file__).parents[2] / "contracts" / "README.md"


def test_the_readme_s_examples_read_an_event_and_write_one(capsys: pytest.CaptureFixture[str]) -> None:
    reading, writing = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    names: dict[str, object] = {}
    exec(reading + writing, names)  # noqa: S102 - our own file
    read = names["read"]
    assert callable(read)
    read(encode(an_event(numbered())))
    read(encode(an_event(submitted())))
    garbage = encode(an_event(numbered()))
    read(type(garbage)(garbage.key, b"not JSON", garbage.headers))
    acknowledge = names["acknowledge"]
    assert callable(acknowledge)
    record = acknowledge(an_event(numbered()))
    reply = decode(record.key, record.value, record.headers)
    assert (reply.data.fact, reply.subject) == ("acknowledged", PROCEDURE)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("2026-00000042-26")
    assert lines[-1] == "set aside: not-json at the value: not JSON, or nested too deep"
