"""Which documents are to be scanned, and what scans found."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.documents_store import Document, DocumentState, Verdict, document_of, documents
from services.intake.store import procedures


async def claim(connection: AsyncConnection, now: datetime, until: datetime, most: int) -> list[Document]:
    """Whole documents whose turn it is to be scanned, the longest due first; nobody else gets them before `until`."""
    due = select(documents.c.id).where(documents.c.scan_at <= now, documents.c.state == DocumentState.WHOLE)
    taken = due.order_by(documents.c.scan_at).limit(most).with_for_update(skip_locked=True)
    claimed = update(documents).where(documents.c.id.in_(taken.scalar_subquery())).values(scan_at=until)
    return [document_of(row) for row in await connection.execute(claimed.returning(documents))]


async def again(connection: AsyncConnection, one: UUID, at: datetime) -> None:
    """The scanner did not answer."""
    waits = {"scan_at": at, "scan_tries": documents.c.scan_tries + 1}
    await connection.execute(update(documents).where(documents.c.id == one).values(waits))


async def hold_procedure(connection: AsyncConnection, one: UUID) -> None:
    """That it is attached to, until the transaction ends; it is held before its documents are."""
    owner = select(documents.c.procedure_id).where(documents.c.id == one).scalar_subquery()
    await connection.execute(select(procedures.c.id).where(procedures.c.id == owner).with_for_update())


async def judge(
    connection: AsyncConnection, one: UUID, verdict: Verdict, signature: str | None, at: datetime
) -> Document | None:
    """What the scan found, kept once; None where it was known, or the document is gone."""
    values = {"verdict": verdict, "signature": signature, "scanned_at": at, "scan_at": None}
    unknown = update(documents).where(documents.c.id == one, documents.c.verdict.is_(None)).values(values)
    row = (await connection.execute(unknown.returning(documents))).one_or_none()
    return None if row is None else document_of(row)
