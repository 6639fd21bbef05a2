"""A document as answers show it: what it is, whether it is what was declared, and where its scan stands. Pure."""

from enum import StrEnum
from typing import Any

from services.intake.checking import Remark
from services.intake.documents_store import Document
from services.intake.file_names import shown
from services.intake.media_types import says_nothing

# Tried so often in vain, a scanner is said to be down.
TRIES_BEFORE_DOWN = 1


class ScanState(StrEnum):
    """Where the scan of a document stands; `off`: none is set up here."""

    OFF = "off"
    WAITING = "waiting"
    DELAYED = "delayed"
    CLEAN = "clean"
    INFECTED = "infected"
    UNSCANNABLE = "unscannable"


def scan_state(document: Document, *, scanning: bool) -> ScanState:
    """`delayed`: the scanner did not answer when it was asked."""
    if document.verdict is not None:
        return ScanState(document.verdict)
    if not scanning:
        return ScanState.OFF
    return ScanState.DELAYED if document.scan_tries >= TRIES_BEFORE_DOWN else ScanState.WAITING


def may_be_read(state: ScanState) -> bool:
    """Whether its bytes are handed out."""
    return state in (ScanState.OFF, ScanState.CLEAN, ScanState.UNSCANNABLE)


def as_json(document: Document, *, scanning: bool) -> dict[str, Any]:
    """A whole document."""
    return {
        "id": document.id,
        "name": None if document.name is None else shown(document.name),
        "media_type": document.media_type,
        "declared_media_type": document.declared_type,
        "bytes": document.bytes,
        "sha256": document.sha256,
        "scan": {
            "state": scan_state(document, scanning=scanning),
            "signature": document.signature,
            "time": document.scanned_at,
        },
        "procedure": document.procedure_id,
        "supplement": document.supplement_id,
        "expires_at": document.expires_at,
        "warnings": [one.as_json() for one in warnings(document, scanning=scanning)],
    }


def warnings(document: Document, *, scanning: bool) -> list[Remark]:
    """What whoever opens it should know."""
    mismatch = unlike(document.mismatch, document.media_type, document.declared_type)
    found = [] if mismatch is None else [mismatch]
    if scan_state(document, scanning=scanning) is ScanState.UNSCANNABLE:
        found.append(Remark("/scan", "unscannable", "L’antivirus n’a pas pu l’analyser : ouvrez-la à l’écart."))
    return found


def unlike(mismatch: str | None, media_type: str | None, declared: str) -> Remark | None:
    """That the content is not what its sender says, by the code `mismatch`; None where there is none."""
    if mismatch is None:
        return None
    said = "son nom en laisse attendre un autre" if says_nothing(declared) else f"{declared} était annoncé"
    detail = f"Le contenu est du type {media_type}, alors que {said} : vérifiez cette pièce avant de l’ouvrir."
    return Remark("/media_type", mismatch, detail)
