"""What was released: folders that never change, of this tree or of another moment of it in git."""

import io
import re
import subprocess
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from infoparquet_contracts.subset import Schema

from cli.contracts_tree import Schemas, Tree, parse_schema, read_schemas

VERSION = re.compile(r"(?:0|[1-9][0-9]{0,5})(?:\.(?:0|[1-9][0-9]{0,5})){2}")
_IN_GIT = ("contracts/released", "contracts/schemas")


class UnknownRelease(Exception):  # noqa: N818 - says what is wrong without the suffix
    """Neither a release, nor a folder of schemas, nor a revision of this tree."""


@dataclass(frozen=True, slots=True)
class Release:
    """The schemas that were released, by event type, under the name that the check gives them."""

    name: str
    schemas: Schemas


@dataclass(frozen=True, slots=True)
class Reference:
    """What the tree is compared with. `kept` are releases that must stand in the tree as they are here."""

    releases: tuple[Release, ...]
    kept: tuple[Release, ...] = ()


def order(version: str) -> tuple[int, ...]:
    """What sorts versions."""
    return tuple(map(int, version.split(".")))


def releases_of(tree: Tree) -> tuple[Release, ...]:
    """Every release in the tree, the oldest first."""
    return _releases_in(tree.released)


def find_reference(tree: Tree, against: str | None) -> Reference:
    """Every release of the tree, or what is asked for: a release, a folder, or a revision in git."""
    released = releases_of(tree)
    if against is None:
        if not released:
            raise UnknownRelease(f"{tree.released}, où rien n’est publié")
        return Reference(released)
    named = tuple(release for release in released if release.name == against)
    if named:
        return Reference(named)
    folder = Path(against)
    if folder.is_dir():
        found = _releases_in(folder) or _alone(against, read_schemas(folder))
        if not found:
            raise UnknownRelease(against)
        return Reference(found)
    return _of_revision(tree, against)


def _releases_in(folder: Path) -> tuple[Release, ...]:
    if not folder.is_dir():
        return ()
    names = sorted((one.name for one in folder.iterdir() if VERSION.fullmatch(one.name)), key=order)
    return tuple(Release(name, read_schemas(folder / name)) for name in names)


def _alone(name: str, schemas: Schemas) -> tuple[Release, ...]:
    return (Release(name, schemas),) if schemas else ()


def _of_revision(tree: Tree, revision: str) -> Reference:
    # A revision never begins with a hyphen, an option does.
    if revision.startswith("-") or _git(tree, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}") is None:
        raise UnknownRelease(revision)
    listed = _git(tree, "ls-tree", "--name-only", "-z", revision, *_IN_GIT) or b""
    standing = [name for name in listed.decode().split("\0") if name]
    archive = _git(tree, "archive", "--format=tar", revision, *standing) if standing else None
    if archive is None:
        raise UnknownRelease(f"{revision}, où rien n’était publié")
    files = _unpacked(archive)
    names = sorted({path.parts[2] for path in files if path.parts[1] == "released"}, key=order)
    kept = tuple(Release(name, _below(files, f"contracts/released/{name}")) for name in names)
    return Reference((*kept, *_alone(revision, _below(files, "contracts/schemas"))), kept)


def _below(files: dict[PurePosixPath, Schema], folder: str) -> Schemas:
    return {path.stem: schema for path, schema in files.items() if str(path.parent) == folder}


def _unpacked(archive: bytes) -> dict[PurePosixPath, Schema]:
    files = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as members:
        for member in members:
            path, content = PurePosixPath(member.name), members.extractfile(member)
            if content is not None and _is_schema(path):
                files[path] = parse_schema(content.read(), path)
    return files


def _is_schema(path: PurePosixPath) -> bool:
    """`contracts/released/1.0.0/….json`, or `contracts/schemas/….json`."""
    folders = path.parts[1:-1]
    known = folders == ("schemas",) or (len(folders) == 2 and VERSION.fullmatch(folders[1]) is not None)
    return known and path.suffix == ".json"


def _git(tree: Tree, *words: str) -> bytes | None:
    """What git says; None where it refuses, or is not there."""
    command: Sequence[str] = ("git", "-C", str(tree.folder), *words)
    try:
        return subprocess.run(command, capture_output=True, check=True).stdout  # noqa: S603 - no shell
    except (OSError, subprocess.CalledProcessError):
        return None
