"""`infoparquet contracts list` says of each type what the code does: who says it, who reads it."""

import ast
import functools
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from infoparquet_contracts.catalogue import CONTRACTS, Contract
from infoparquet_contracts.earlier import RoutedV1
from infoparquet_contracts.facts import Overdue, Routed
from infoparquet_contracts.registry import MODELS
from infoparquet_contracts.topics import SERVICES
from infoparquet_contracts.versions import types_of
from typer.testing import CliRunner

from cli.contracts_services import consumers_of
from cli.main import assemble

PROJECT = Path(__file__).parents[2]
# Declared, and said by no code yet.
NOT_SAID_YET = {Overdue.event_type: ("notify",)}


def run(*words: str) -> str:
    result = CliRunner().invoke(assemble(["contracts"]), ["contracts", "list", *words], env={"COLUMNS": "80"})
    assert result.exit_code == 0, result.output
    return result.stdout


@functools.cache
def models_made_in(folder: Path) -> set[str]:
    """The types whose models the code there calls, or keeps in a table to call them from."""
    return {kind for path in folder.rglob("*.py") for kind in _made(ast.parse(path.read_text(encoding="utf-8")))}


def _made(tree: ast.Module) -> Iterator[str]:
    imported = dict(_imports(tree))
    for node in ast.walk(tree):
        called = [node.func] if isinstance(node, ast.Call) else node.values if isinstance(node, ast.Dict) else []
        for one in called:
            kind = getattr(_resolved(one, imported), "event_type", None)
            if kind is not None:
                yield kind


def _imports(tree: ast.Module) -> Iterator[tuple[str, Any]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("infoparquet_contracts"):
            for name in node.names:
                yield name.asname or name.name, _thing(node.module or "", name.name)


def _thing(module: str, name: str) -> Any:
    found = importlib.import_module(module)
    return getattr(found, name) if hasattr(found, name) else importlib.import_module(f"{module}.{name}")


def _resolved(node: ast.expr, imported: dict[str, Any]) -> Any:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return getattr(imported.get(node.value.id), node.attr, None)
    return imported.get(node.id) if isinstance(node, ast.Name) else None


def test_every_type_is_listed_with_the_files_that_describe_it() -> None:
    listed = json.loads(run("--json"))
    assert [one["type"] for one in listed] == [one.model.event_type for one in CONTRACTS]
    assert {one["type"] for one in listed} == set(MODELS)
    for one in listed:
        assert one["golden"]
        assert one["type"].endswith(f".v{one['version']}")
        assert all((PROJECT / path).is_file() for path in (one["schema"], *one["golden"]))


def test_the_table_fits_a_terminal_of_eighty_columns() -> None:
    lines = run().splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) > len(MODELS)


JOURNAL_AND_COURTS = [one for one in CONTRACTS if one.stream != "dead-letters"]


@pytest.mark.parametrize("contract", JOURNAL_AND_COURTS, ids=lambda one: one.model.event_type)
def test_a_type_is_said_by_the_services_whose_code_makes_its_newest_version(contract: Contract) -> None:
    newest = next(kind for kind, model in MODELS.items() if contract.model.event_type in types_of(model))
    makers = tuple(one for one in SERVICES if newest in models_made_in(PROJECT / "services" / one))
    declared = tuple(one for one in contract.said_by if one in SERVICES)
    assert (makers or NOT_SAID_YET.get(newest, ())) == declared


def test_a_version_that_has_a_newer_one_stands_below_it_and_says_until_when_it_is_published() -> None:
    listed = json.loads(run("--json"))
    kinds = [one["type"] for one in listed]
    older = kinds.index(RoutedV1.event_type)
    assert kinds[older - 1] == Routed.event_type
    assert listed[older]["published_until"] == "2028-01-01T00:00:00Z"
    assert listed[older - 1]["published_until"] is None


def test_dead_letters_are_the_chassis_s_and_so_every_service_s() -> None:
    (contract,) = (one for one in CONTRACTS if one.stream == "dead-letters")
    assert contract.model.event_type in models_made_in(PROJECT / "chassis")
    assert contract.said_by == SERVICES


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.model.event_type)
def test_whoever_reads_a_type_is_declared_as_a_reader_of_its_topic_and_somebody_does(contract: Contract) -> None:
    consumers = consumers_of(contract)
    assert consumers
    assert set(consumers) <= set(contract.topic.read_by)
