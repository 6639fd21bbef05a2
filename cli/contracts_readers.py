"""Who takes which type of event: by the topics' declaration, on the journal only the services with a handler for it.

Handlers are read from the services' code, never run. A service whose table of handlers cannot be read is taken to
handle every fact: one too many is told rather than one too few.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from infoparquet_contracts.catalogue import EVERY_COURT, Stream

from cli.contracts_tree import BrokenContracts, Tree

_TABLES = ("HANDLERS", "handlers")
EVERYTHING = "Payload"


@dataclass(frozen=True, slots=True)
class Model:
    """A class of the contracts as it is written: its bases, its own fields, and the event it is of, if any."""

    bases: tuple[str, ...]
    fields: tuple[str, ...]
    event_type: str | None


class Code:
    """The source of a tree's contracts, services and chassis; of this program's where the tree has none."""

    def __init__(self, tree: Tree) -> None:
        self.package = tree.package
        whole = (tree.folder / "services").is_dir() and (tree.folder / "chassis").is_dir()
        self.folder = tree.folder if whole else Path(__file__).parents[1]
        self._parsed: dict[Path, ast.Module] = {}

    def parsed(self, file: Path) -> ast.Module:
        if file not in self._parsed:
            try:
                self._parsed[file] = ast.parse(file.read_bytes(), str(file))
            except SyntaxError as error:
                raise BrokenContracts(f"{file}, ligne {error.lineno} : {error.msg}") from error
        return self._parsed[file]

    def service(self, name: str) -> list[Path]:
        """Its modules, without its migrations."""
        return sorted((self.folder / "services" / name).glob("*.py"))

    @cached_property
    def models(self) -> Mapping[str, Model]:
        """Every class of the contracts, by its name."""
        files = sorted(self.package.glob("*.py"))
        nodes = (node for file in files for node in self.parsed(file).body if isinstance(node, ast.ClassDef))
        return {node.name: _model(node) for node in nodes}

    def family(self, name: str) -> frozenset[str]:
        """A model with all that it inherits from."""
        bases = self.models[name].bases if name in self.models else ()
        return frozenset({name}).union(*(self.family(base) for base in bases))

    def model_of(self, event_type: str) -> str | None:
        """The class that programs see for a type: an earlier version is read as the newest one."""
        stem = event_type.rpartition(".v")[0]
        found = [
            (int(model.event_type.rpartition(".v")[2]), name)
            for name, model in self.models.items()
            if model.event_type is not None and model.event_type.rpartition(".v")[0] == stem
        ]
        return max(found)[1] if found else None

    @cached_property
    def lists(self) -> Mapping[str, ast.expr]:
        """The tuples of models that handlers refer to: `MOVING`, `FACTS`."""
        files = [*sorted((self.folder / "chassis").glob("*.py")), self.package / "registry.py"]
        return {name: value for file in files for name, value in _assigned(self.parsed(file))}


def taken_by(code: Code, event_type: str, stream: Stream, read_by: Iterable[str]) -> tuple[str, ...]:
    """The readers of a type of event."""
    readers = everyone_of(read_by)
    if stream != "journal":
        return readers
    model = code.model_of(event_type)
    return tuple(reader for reader in readers if model is None or model in _handled(code, reader))


def everyone_of(read_by: Iterable[str]) -> tuple[str, ...]:
    """The readers of a topic, those of every court as `tribunal:*`."""
    return tuple(reader.replace(EVERY_COURT, "*") for reader in read_by)


def _handled(code: Code, service: str) -> frozenset[str]:
    file = code.folder / "services" / service / "handlers.py"
    tables = [value for name, value in _assigned(code.parsed(file)) if name in _TABLES] if file.exists() else []
    models = frozenset(model for table in tables for model in _named(code, table))
    return models or frozenset(code.models)


def _named(code: Code, expression: ast.expr) -> Iterator[str]:
    """The models that an expression names, itself or through a list."""
    for name in names_in(expression):
        if name in code.models:
            yield name
        elif name in code.lists:
            yield from _named(code, code.lists[name])


def names_in(node: ast.AST) -> Iterator[str]:
    """The last part of each name."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            yield inner.id
        elif isinstance(inner, ast.Attribute):
            yield inner.attr


def _assigned(module: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """What a module's names stand for; a function for what it returns."""
    for node in module.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value
            case ast.FunctionDef(name=name):
                yield from ((name, one.value) for one in ast.walk(node) if isinstance(one, ast.Return) and one.value)


def _model(node: ast.ClassDef) -> Model:
    declared = [one for one in node.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)]
    values = {one.target.id: one.value for one in declared if isinstance(one.target, ast.Name)}
    event_type = values.get("event_type")
    return Model(
        bases=tuple(name for base in node.bases for name in names_in(base)),
        fields=tuple(name for name in values if name not in ("event_type", "fact")),
        event_type=event_type.value
        if isinstance(event_type, ast.Constant) and isinstance(event_type.value, str)
        else None,
    )
