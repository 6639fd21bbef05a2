"""Documents for tests, deposited as administrations do."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import httpx

from tests.services.intake.conftest import Intake

TUS = {"Tus-Resumable": "1.0.0"}
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"


def repr_digest(content: bytes) -> str:
    """The header that promises it."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


async def deposit(intake: Intake, content: Any = PDF, name: str = "constat.pdf", **headers: str) -> httpx.Response:
    """`POST /v1/documents`."""
    told = {"Content-Type": "application/pdf", "Content-Disposition": f'attachment; filename="{name}"'}
    return await intake.client.post("/v1/documents", content=content, headers=told | headers)


async def deposited(intake: Intake, content: bytes = PDF, /, **headers: str) -> str:
    """The id of a whole document."""
    answer = await deposit(intake, content, **headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def metadata(**told: str) -> str:
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in told.items())


async def announce(intake: Intake, length: int = len(PDF), /, **headers: str) -> httpx.Response:
    told = {
        "Upload-Length": str(length),
        "Upload-Metadata": metadata(filename="pièce n° 1.pdf", filetype="application/pdf"),
    }
    return await intake.client.post("/v1/uploads", headers=TUS | told | headers)


async def announced(intake: Intake, length: int = len(PDF), /, **headers: str) -> str:
    """Where it is to be sent."""
    answer = await announce(intake, length, **headers)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


async def send(intake: Intake, where: str, offset: int, content: Any, **headers: str) -> httpx.Response:
    told = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    return await intake.client.patch(where, content=content, headers=TUS | told | headers)


async def offset(intake: Intake, where: str) -> int:
    answer = await intake.client.head(where, headers=TUS)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    return int(answer.headers["upload-offset"])


def kept(folder: Path, one: str) -> list[str]:
    """The names of what is kept of a document."""
    return sorted(path.name for path in (folder / "documents" / one.rpartition("/")[2]).glob("*"))
