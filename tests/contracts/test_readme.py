"""The README's example is run as it stands."""

import re
from pathlib import Path

import pytest
from infoparquet_contracts.envelope import encode

from tests.contracts.builders import an_event, numbered, submitted

README = Path(__file__).parents[2] / "contracts" / "README.md"


def test_the_readme_s_example_reads_an_event(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    names: dict[str, object] = {}
    exec(example, names)  # noqa: S102 - our own file
    read = names["read"]
    assert callable(read)
    read(encode(an_event(numbered())))
    read(encode(an_event(submitted())))
    garbage = encode(an_event(numbered()))
    read(type(garbage)(garbage.key, b"not JSON", garbage.headers))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("2026-00000042-26")
    assert lines[-1] == "set aside: not-json at the value: not JSON, or nested too deep"
