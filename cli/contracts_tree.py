"""The project whose contracts are checked: what its own code says now, and the schemas that stand in it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import infoparquet_contracts
from infoparquet_contracts.catalogue import Stream
from infoparquet_contracts.subset import Schema

_PACKAGE = Path("contracts/src/infoparquet_contracts")
_TYPE = re.compile(r"[a-z0-9.-]+\.v[1-9][0-9]{0,3}")
Schemas = Mapping[str, Schema]


class BrokenContracts(Exception):  # noqa: N818 - says what is wrong without the suffix
    """The tree's code cannot be loaded, or a file is no schema."""


class NoContracts(Exception):  # noqa: N818 - as above
    """There are no contracts in that folder."""


@dataclass(frozen=True, slots=True)
class Said:
    """One type of event as the tree's code has it."""

    type: str
    version: int
    stream: Stream
    fact: str
    readers: tuple[str, ...]
    schema: Schema


@dataclass(frozen=True, slots=True)
class Tree:
    """A folder with `contracts/`; `released` and `schemas` are in it, whether they exist or not."""

    folder: Path

    @property
    def package(self) -> Path:
        return self.folder / _PACKAGE

    @property
    def released(self) -> Path:
        return self.folder / "contracts/released"

    @property
    def schemas(self) -> Path:
        return self.folder / "contracts/schemas"

    def said(self) -> tuple[Said, ...]:
        """By the tree's own code, in a process of its own; leaves nothing behind in the tree."""
        command = [sys.executable, "-P", "-B", "-m", "cli.contracts_said"]
        # What runs is from where this command is; what it loads is the tree's.
        path = os.pathsep.join(map(str, (self.package.parent.absolute(), _program())))
        done = subprocess.run(command, capture_output=True, env=os.environ | {"PYTHONPATH": path}, check=False)  # noqa: S603 - our own words
        if done.returncode != 0:
            raise BrokenContracts(_last_words(done.stderr.decode(errors="replace")))
        return tuple(Said(**one | {"readers": tuple(one["readers"])}) for one in json.loads(done.stdout))


def find_tree(folder: Path | None) -> Tree:
    """The one asked for, else the one around the current folder, else the one that this program is installed from."""
    if folder is not None:
        if not (folder / _PACKAGE).is_dir():
            raise NoContracts(folder)
        return Tree(folder)
    here = Path.cwd()
    around = [one for one in (here, *here.parents) if (one / _PACKAGE).is_dir()]
    installed = Path(infoparquet_contracts.__file__).parents[3]
    if not around and not (installed / _PACKAGE).is_dir():
        raise NoContracts(here)
    return Tree(around[0] if around else installed)


def read_schemas(folder: Path) -> dict[str, Schema]:
    """The schemas in a folder, by their event types."""
    return {file.stem: parse_schema(file.read_bytes(), file) for file in sorted(folder.glob("*.json"))}


def parse_schema(content: bytes, name: PurePath) -> Schema:
    """Raises `BrokenContracts` with the file's name, which is that of a type and its version."""
    if not _TYPE.fullmatch(name.stem):
        raise BrokenContracts(f"{name} : un schéma porte le nom de son type, comme fr.justice….routed.v1.json")
    try:
        schema: Any = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BrokenContracts(f"{name} : {error}") from error
    if not isinstance(schema, dict):
        raise BrokenContracts(f"{name} : ce n’est pas un objet JSON")
    return schema


def _program() -> Path:
    return Path(__file__).parents[1]


def _last_words(trace: str) -> str:
    lines = [line for line in trace.splitlines() if line.strip()]
    places = [line.strip() for line in lines if line.lstrip().startswith("File ")]
    return "\n".join([*places[-1:], *lines[-1:]])
