"""The folder of one procedure on a court's disk: its owner's alone, filled by one command at a time."""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cli.court_documents import FOLDER, Handed, Wanted
from cli.court_records import Message
from cli.file_names import safe_name
from cli.tribunal_lines import as_cloud_event
from deploy.local.secret_files import write_secret


class InUse(Exception):  # noqa: N818 - which one is its message
    """Another command fills the folder."""


@contextmanager
def procedure_folder(to: Path, name: str) -> Iterator[Path]:
    """The folder, made where it is missing, locked while the block lasts. Raises InUse or OSError."""
    path = to / safe_name(name)
    to.mkdir(parents=True, exist_ok=True)
    for one in (path, path / FOLDER):
        # Persons are named in what is below.
        one.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield path
    except BlockingIOError:
        raise InUse(str(path)) from None
    finally:
        os.close(descriptor)


def write_told(path: Path, told: Handed | None, dossier: dict[str, Any], listed: Sequence[Wanted]) -> None:
    """The messages, the dossier, and the digests for `sha256sum -c`: of all documents, those not here among them."""
    write_json(path / "dossier.json", dossier)
    write_secret(path / "SHA256SUMS", "".join(f"{one.document.sha256}  {one.file}\n" for one in listed))
    if told is None:
        return
    _write_message(path / "delivery.json", told.delivery)
    if told.withdrawal:
        _write_message(path / "withdrawal.json", told.withdrawal)
    if told.supplements:
        (path / "supplements").mkdir(mode=0o700, exist_ok=True)
    for position, one in enumerate(told.supplements, start=1):
        _write_message(path / "supplements" / f"{position:02d} - {one.event.id}.json", one)


def write_json(path: Path, content: Any) -> None:  # noqa: ANN401 - a JSON document
    """In one step, to be read by people."""
    write_secret(path, json.dumps(content, ensure_ascii=False, indent=2) + "\n")


def _write_message(path: Path, message: Message) -> None:
    write_json(path, as_cloud_event(message.record, message.event))
