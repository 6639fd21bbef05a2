"""The wheel as an integrator has it: in an environment of its own, with pydantic and nothing else."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_string
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

CONTRACTS = Path(__file__).parents[2] / "contracts"
README = (CONTRACTS / "README.md").read_text(encoding="utf-8")
EVERY_MODULE = """
import importlib, pkgutil, sys, infoparquet_contracts as package
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
files = [getattr(module, "__file__", None) or "" for module in sys.modules.values()]
print(*sorted({file.partition("site-packages/")[2].partition("/")[0].removesuffix(".py") for file in files} - {""}))
"""
ROUND_TRIP = """
from datetime import UTC, datetime
from uuid import uuid4
from infoparquet_contracts.envelope import Event, decode, encode
from infoparquet_contracts.facts import Numbered

data = Numbered(number="2026-00000042-26", authority="local")
event: Event[Numbered] = Event(
    id=uuid4(), source="/services/numbering", type=data.event_type, subject=uuid4(), time=datetime.now(UTC), data=data
)
record = encode(event)
assert decode(record.key, record.value, record.headers) == event
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(
        sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder, CONTRACTS
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has what pydantic asks for, and the wheel."""
    folder = tmp_path_factory.mktemp("integrator") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    (site,) = folder.glob("lib/python*/site-packages")
    for name in closure("pydantic"):
        copy(name, site)
    interpreter = folder / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", interpreter, "install", "--no-deps", "--no-index", wheel)
    return interpreter


def closure(name: str) -> set[str]:
    """A distribution and all that it asks for, without its extras."""
    asked = [Requirement(one) for one in distribution(name).requires or ()]
    needed = [one.name for one in asked if one.marker is None or one.marker.evaluate({"extra": ""})]
    return {name}.union(*(closure(one) for one in needed))


def copy(name: str, site: Path) -> None:
    """What this environment has of a distribution, in another's place."""
    for file in distribution(name).files or ():
        if ".." not in file.parts and file.suffix != ".pyc":
            (site / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(file.locate()), site / file)


def run(*command: object) -> str:
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - the tests' own words
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_asks_for_pydantic_alone_and_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        said = message_from_string(archive.read(metadata).decode())
    assert [Requirement(one).name for one in said.get_all("Requires-Dist", [])] == ["pydantic"]
    asked = tomllib.loads((CONTRACTS / "pyproject.toml").read_text())["project"]
    assert (said["Name"], said["Version"]) == (asked["name"], asked["version"])
    assert (said["Requires-Python"], said["License-Expression"]) == (">=3.11", "EUPL-1.2")
    assert str(said.get_payload()).strip() == README.strip()
    assert {name.partition("/")[0] for name in names} == {"infoparquet_contracts", metadata.partition("/")[0]}
    assert "infoparquet_contracts/py.typed" in names
    assert not [name for name in names if "test" in name]


@pytest.mark.parametrize("module", sorted(CONTRACTS.rglob("src/**/*.py")), ids=lambda path: path.stem)
def test_no_module_names_another_distribution_wherever_it_imports(module: Path) -> None:
    nodes = list(ast.walk(ast.parse(module.read_text())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0}
    allowed = {*sys.stdlib_module_names, "pydantic", "pydantic_core", "infoparquet_contracts"}
    assert {name.partition(".")[0] for name in names} <= allowed


def test_every_module_is_imported_without_a_warning_and_brings_nothing_but_pydantic(python: Path) -> None:
    imported = set(run(python, "-I", "-W", "error", "-c", EVERY_MODULE).split())
    ours = {name.replace("-", "_") for name in closure("pydantic")}
    assert imported == {"infoparquet_contracts", *ours}


def test_an_event_is_written_and_read_there(python: Path) -> None:
    run(python, "-I", "-W", "error", "-c", ROUND_TRIP)


def test_the_readme_s_examples_run_there(python: Path) -> None:
    examples = "\n".join(re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL))
    use = "read(record)\nread(acknowledge(event))"
    said = run(python, "-I", "-W", "error", "-c", "\n".join([ROUND_TRIP, examples, use]))
    assert said.endswith("is number 2026-00000042-26\n")


def test_a_strict_type_checker_takes_an_integrator_s_program(python: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(f"{ROUND_TRIP}\nnumber: str = event.data.number\n")
    check = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path / 'cache'}"]
    run(*check, f"--python-executable={python}", program)
    program.write_text(f"{ROUND_TRIP}\nnumber: int = event.data.number\n")
    with pytest.raises(AssertionError, match=r'expression has type "str"'):
        run(*check, f"--python-executable={python}", program)
