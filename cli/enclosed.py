"""The files that a line names: where they are, by which keys they are sent, and what is sent once they are documents.

All of it follows from the line and from what its files hold, so that running again sends the same.
"""

import hashlib
import json
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import rfc8785

# What intake takes: so many documents of a procedure, each of so many bytes.
MOST_FILES = 200
LARGEST_FILE = 2**30
TOO_LARGE = "ce fichier dépasse 1 Gio ; divisez-le."
INVALID = 400


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a line is not sent: what it is about, the words for it, in French, and the status intake has for it."""

    pointer: str
    detail: str
    status: int = INVALID


@dataclass(frozen=True, slots=True)
class Found:
    """A file as the line has it, with its bytes when it was looked at."""

    name: str
    path: Path
    size: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A line that names files: all but them, those that are there, and what is wrong with the others."""

    content: dict[str, Any]
    files: tuple[Found, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def size(self) -> int:
        """The bytes of its files."""
        return sum(one.size for one in self.files)


class Unusable(Exception):  # noqa: N818 - why, in French, is its message
    """A file cannot be sent."""

    def __init__(self, why: str, status: int = INVALID) -> None:
        super().__init__(why)
        self.status = status


def draft(line: dict[str, Any], folder: Path) -> Draft:
    """A line that has `files`, which are looked for in the folder."""
    content = {name: value for name, value in line.items() if name != "files"}
    names, documents = line["files"], content.get("documents", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return Draft(content, faults=(Fault("/files", "Ce doit être une liste de chemins de fichiers."),))
    if not isinstance(documents, list):
        return Draft(content, faults=(Fault("/documents", "Ce doit être une liste d’identifiants de pièces."),))
    if len(documents) + len(names) > MOST_FILES:
        return Draft(content, faults=(Fault("/files", f"Une procédure porte {MOST_FILES} pièces au plus."),))
    files, faults = [], []
    for index, name in enumerate(names):
        try:
            files.append(find(name, folder))
        except Unusable as error:
            faults.append(fault(index, name, error))
    return Draft(content, tuple(files), tuple(faults))


def fault(index: int, name: str, why: Unusable) -> Fault:
    """About the file in that place of the line."""
    # It may come from elsewhere, and a terminal obeys what is not printable.
    shown = "".join(one if one.isprintable() else "\ufffd" for one in name)
    return Fault(f"/files/{index}", f"« {shown} » : {why}", why.status)


def find(name: str, folder: Path) -> Found:
    """A file in the folder or below. Raises Unusable.

    What a line names is sent: one that comes from elsewhere must not have a private file sent.
    """
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        raise Unusable("donnez un chemin relatif au dossier du fichier envoyé, sans « .. ».")
    path = folder / name
    try:
        # Announced by its name, which must be text.
        name.encode()
        status = path.stat()
        inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError) as error:
        raise unreadable(error) from error
    if not inside:
        raise Unusable("ce lien mène hors du dossier du fichier envoyé.")
    if not stat.S_ISREG(status.st_mode):
        raise Unusable("c’est un dossier." if stat.S_ISDIR(status.st_mode) else "ce n’est pas un fichier ordinaire.")
    if status.st_size > LARGEST_FILE:
        raise Unusable(TOO_LARGE)
    return Found(name, path, status.st_size)


def unreadable(error: OSError | ValueError) -> Unusable:
    """Why a file cannot be read, in French."""
    match error:
        case FileNotFoundError() | NotADirectoryError() | ValueError():
            return Unusable("ce fichier n’existe pas.")
        case PermissionError():
            return Unusable("vous n’avez pas le droit de lire ce fichier.")
        case _:
            return Unusable(f"ce fichier est illisible ({error.strerror}).")


def drawn(content: dict[str, Any]) -> str:
    """The key of a line that has none of its own. Raises rfc8785.CanonicalizationError."""
    return hashlib.sha256(rfc8785.dumps(content)).hexdigest()


def keyed(one: Draft, digests: Sequence[str]) -> dict[str, Any]:
    """The line's content with its key; a drawn one follows from the digests, never from the documents' ids.

    Raises rfc8785.CanonicalizationError.
    """
    if "idempotency_key" in one.content:
        return one.content
    files = [[file.name, sha256] for file, sha256 in zip(one.files, digests, strict=True)]
    return one.content | {"idempotency_key": drawn(one.content | {"files": files})}


def upload_key(content: dict[str, Any], place: int, name: str, sha256: str) -> str:
    """Of no other line and of no other place in it, as a document belongs to one procedure, once."""
    return hashlib.sha256(rfc8785.dumps([content["idempotency_key"], place, name, sha256])).hexdigest()


def with_documents(content: dict[str, Any], ids: Sequence[str]) -> bytes:
    """What goes on the wire. Raises ValueError for what is no text."""
    body = content | ({"documents": [*content.get("documents", []), *ids]} if ids else {})
    return json.dumps(body, ensure_ascii=False).encode()
