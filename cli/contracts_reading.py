"""Where a service's code reads a field of an event: file and line, from the source.

Too much rather than too little: an attribute of that name counts whatever it is read from, and so does a field along
the way to it. Code that passes an event on whole (`model_dump`, `to_json`, `forms.keep`, `model_fields`) reads every
field of it.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from infoparquet_contracts.catalogue import Stream
from infoparquet_contracts.subset import ITEM
from infoparquet_contracts.subset import Path as FieldPath

from cli.contracts_readers import EVERYTHING, Code, names_in, taken_by

Models = frozenset[str]
_ANY_MODEL: Models = frozenset({EVERYTHING})


@dataclass(frozen=True, slots=True)
class Consumer:
    """A reader, and where its code reads the field; a court's code is not here to be read."""

    name: str
    reads_at: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    """`field` is ITEM for all of them; `of` the models that it may be read from."""

    field: str
    line: int
    of: Models


class Reading:
    """Who reads which field in a tree."""

    def __init__(self, code: Code) -> None:
        self._code = code
        self._reads: dict[str, Mapping[str, list[_Read]]] = {}

    def takers(self, event_type: str, stream: Stream, read_by: Iterable[str]) -> tuple[str, ...]:
        """Everyone who decodes that type: what does not fit is refused whole, whichever field it is."""
        return taken_by(self._code, event_type, stream, read_by)

    def consumers(
        self, event_type: str, stream: Stream, read_by: Iterable[str], path: FieldPath
    ) -> tuple[Consumer, ...]:
        """Those of the takers that read the field; where none is seen to, all of them."""
        takers = self.takers(event_type, stream, read_by)
        everyone = tuple(Consumer(name, tuple(self._places(name, event_type, path))) for name in takers)
        return tuple(one for one in everyone if one.reads_at) or everyone

    def _places(self, reader: str, event_type: str, path: FieldPath) -> Iterator[str]:
        family = self._code.family(self._code.model_of(event_type) or EVERYTHING)
        wanted = {ITEM, *path}
        if reader not in self._reads:
            self._reads[reader] = self._read_by(reader)
        for file, reads in self._reads[reader].items():
            lines = {one.line for one in reads if one.field in wanted and one.of & family}
            yield from (f"{file}:{line}" for line in sorted(lines))

    def _read_by(self, reader: str) -> Mapping[str, list[_Read]]:
        files = self._code.service(reader)
        modules = [self._code.parsed(file) for file in files]
        imported = {name for module in modules for name in _imports(module)}
        files += [place for name, place in self._shared().items() if name in imported and place.exists()]
        annotated = _annotated(self._code, modules)
        return {
            self._named(file): list(_Source(self._code, self._code.parsed(file), annotated).reads()) for file in files
        }

    def _shared(self) -> Mapping[str, Path]:
        """A service that folds, or follows what is folded, reads what these read."""
        return {
            "infoparquet_contracts.status": self._code.package / "status.py",
            "chassis.followed": self._code.folder / "chassis/followed.py",
        }

    def _named(self, file: Path) -> str:
        folders = (self._code.folder, self._code.package.parents[2])
        return next(file.relative_to(one).as_posix() for one in folders if file.is_relative_to(one))


class _Source:
    """One module's reads. `annotated` says which models a name stands for, anywhere in the service."""

    def __init__(self, code: Code, module: ast.Module, annotated: Mapping[str, Models]) -> None:
        self._code = code
        self._module = module
        # What an event carries is called `data` everywhere: only its own module says what it is there.
        self._annotated = {**annotated, "data": _ANY_MODEL, **_annotated(code, [module])}

    def reads(self) -> Iterator[_Read]:
        # Fields are read by names in a list only where something reads by name.
        by_name = any(isinstance(one, ast.Name) and one.id == "getattr" for one in ast.walk(self._module))
        for node in ast.walk(self._module):
            match node:
                case ast.Attribute(attr="model_fields", value=owner):
                    yield from self._every_field(owner, node.lineno)
                case ast.Attribute(attr=name, ctx=ast.Load()):
                    # `from` is a word of the language: its attribute is `from_`.
                    yield _Read(name.rstrip("_"), node.lineno, _ANY_MODEL)
                case ast.MatchClass(cls=owner, kwd_attrs=names):
                    of = frozenset(list(names_in(owner))[:1])
                    yield from (_Read(name.rstrip("_"), node.lineno, of) for name in names)
                case ast.Constant(value=str(name)) if by_name:
                    yield _Read(name, node.lineno, _ANY_MODEL)
                case ast.Call(func=ast.Attribute(attr="model_dump" | "model_dump_json", value=whole)):
                    yield from self._whole(whole, node.lineno)
                case ast.Call(func=ast.Name(id="to_json") | ast.Attribute(attr="keep"), args=[whole, *_]):
                    yield from self._whole(whole, node.lineno)

    def _every_field(self, owner: ast.expr, line: int) -> Iterator[_Read]:
        """`Decision.model_fields` are fields by their names; `type(data).model_fields` all those of the data."""
        known = [name for name in names_in(owner) if name in self._code.models]
        fields = {field for name in known for field in self._code.models[name].fields}
        yield from (_Read(field, line, _ANY_MODEL) for field in sorted(fields))
        if not known:
            models = [self._annotated[name] for name in names_in(owner) if name in self._annotated]
            yield _Read(ITEM, line, frozenset[str]().union(*models) or _ANY_MODEL)

    def _whole(self, whole: ast.expr, line: int) -> Iterator[_Read]:
        models = self._annotated.get(next(names_in(whole), ""))
        if models is not None:
            yield _Read(ITEM, line, models)


def _annotated(code: Code, modules: Iterable[ast.Module]) -> Mapping[str, Models]:
    found: dict[str, Models] = {}
    for node in (inner for module in modules for inner in ast.walk(module)):
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                found[name] = found.get(name, frozenset()) | {*names_in(annotation)}
            case ast.arg(arg=name, annotation=ast.expr() as annotation):
                found[name] = found.get(name, frozenset()) | {*names_in(annotation)}
    models = {name: frozenset(one for one in names if one in code.models) for name, names in found.items()}
    return {name: several for name, several in models.items() if several}


def _imports(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
