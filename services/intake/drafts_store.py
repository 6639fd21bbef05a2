"""Drafts: what people have begun to write, each their own: a person is a token's subject within its organisation.

Each change makes a version, so that of two who change the same one the second is told. A draft's documents are kept as
long as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    and_,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import one_at_a_time
from chassis.errors import Refused
from chassis.identity import Caller
from services.intake.documents_store import Document, DocumentState, document_of, documents
from services.intake.store import metadata

# From the last change on.
KEPT: Final = timedelta(days=30)
MOST: Final = 20
# As a procedure's.
MOST_DOCUMENTS: Final = 200

drafts = Table(
    "drafts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("organisation", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("content", JSON, nullable=False),
    Column("version", Integer, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index("drafts_person", "organisation", "person"),
    Index("drafts_expiry", "expires_at"),
)

draft_documents = Table(
    "draft_documents",
    metadata,
    Column("document_id", Uuid, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("draft_id", Uuid, ForeignKey("drafts.id", ondelete="CASCADE"), nullable=False),
    Column("added_at", DateTime(timezone=True), nullable=False),
    Index("draft_documents_draft", "draft_id"),
)


class UnknownDraft(Refused):
    """The person has no such draft, or no longer."""


class UnknownDocument(Refused):
    """The administration has no such document that is whole and in no procedure or other draft."""


class TooMany(Refused):
    """The person has as many drafts as one may have, or the draft as many documents."""


class Changed(Refused):
    """The draft is not at the version that was meant to be replaced."""


@dataclass(frozen=True, slots=True)
class Draft:
    """`content` is the writer's own JSON, `title` how they find it again."""

    id: UUID
    title: str
    content: dict[str, Any]
    version: int
    changed_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """A draft without its content."""

    id: UUID
    title: str
    version: int
    changed_at: datetime
    expires_at: datetime
    documents: int


async def of_person(connection: AsyncConnection, caller: Caller, now: datetime) -> Sequence[Listed]:
    """All of the caller's, the one last changed first."""
    named = [drafts.c[name] for name in ("id", "title", "version", "changed_at", "expires_at")]
    count = select(func.count()).where(draft_documents.c.draft_id == drafts.c.id).scalar_subquery()
    own = select(*named, count.label("documents")).where(*_whose(caller), drafts.c.expires_at > now)
    rows = await connection.execute(own.order_by(drafts.c.changed_at.desc()))
    return [Listed(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's own name for it


async def find(connection: AsyncConnection, caller: Caller, one: UUID, now: datetime) -> Draft | None:
    """One of the caller's."""
    named = [drafts.c[name] for name in Draft.__slots__]
    own = select(*named).where(drafts.c.id == one, *_whose(caller), drafts.c.expires_at > now)
    row = (await connection.execute(own)).one_or_none()
    return None if row is None else Draft(*row)


async def begin(connection: AsyncConnection, caller: Caller, draft: Draft) -> None:
    """A new one. Raises TooMany, Changed for an id that is taken."""
    # Of each person, or two at once would both be the last that one may have.
    await one_at_a_time(connection, f"draft {caller.organisation} {caller.subject}")
    count = select(func.count()).where(*_whose(caller), drafts.c.expires_at > draft.changed_at)
    if (await connection.execute(count)).scalar_one() >= MOST:
        raise TooMany
    values = {"id": draft.id, "organisation": caller.organisation, "person": caller.subject, **_said(draft)}
    made = await connection.execute(insert(drafts).values(values).on_conflict_do_nothing())
    if not made.rowcount:
        raise Changed


async def replace(connection: AsyncConnection, caller: Caller, draft: Draft) -> None:
    """The version before `draft` becomes it, and its documents are kept as long. Raises UnknownDraft, Changed."""
    own = (drafts.c.id == draft.id, *_whose(caller), drafts.c.expires_at > draft.changed_at)
    changed = update(drafts).where(*own, drafts.c.version == draft.version - 1).values(_said(draft))
    if not (await connection.execute(changed)).rowcount:
        there = (await connection.execute(select(drafts.c.id).where(*own))).one_or_none()
        raise UnknownDraft if there is None else Changed
    named = select(draft_documents.c.document_id).where(draft_documents.c.draft_id == draft.id)
    await _keep(connection, documents.c.id.in_(named), draft.expires_at)


async def forget(connection: AsyncConnection, caller: Caller, one: UUID) -> Sequence[UUID]:
    """What its documents were. Raises UnknownDraft."""
    named = [document.id for document in await documents_of(connection, one)]
    gone = await connection.execute(delete(drafts).where(drafts.c.id == one, *_whose(caller)))
    if not gone.rowcount:
        raise UnknownDraft
    return named


async def forget_expired(connection: AsyncConnection, now: datetime) -> int:
    """How many; their documents' own time is over with theirs."""
    return (await connection.execute(delete(drafts).where(drafts.c.expires_at <= now))).rowcount


async def documents_of(connection: AsyncConnection, one: UUID) -> Sequence[Document]:
    """In the order in which they were added."""
    found = select(documents).join(draft_documents).where(draft_documents.c.draft_id == one)
    present = found.where(documents.c.state != DocumentState.REMOVING)
    ordered = present.order_by(draft_documents.c.added_at, documents.c.id)
    return [document_of(row) for row in await connection.execute(ordered)]


async def add(connection: AsyncConnection, caller: Caller, draft: UUID, document: UUID, now: datetime) -> None:
    """A document goes with the draft; added twice, it is there once. Raises UnknownDraft, UnknownDocument, TooMany."""
    own = select(drafts.c.expires_at).where(drafts.c.id == draft, *_whose(caller), drafts.c.expires_at > now)
    until = (await connection.execute(own.with_for_update())).scalar_one_or_none()
    if until is None:
        raise UnknownDraft
    loose = and_(
        documents.c.id == document,
        documents.c.administration == caller.code,
        documents.c.state == DocumentState.WHOLE,
    )
    if not await _keep(connection, loose, until):
        raise UnknownDocument
    values = {"document_id": document, "draft_id": draft, "added_at": now}
    await connection.execute(insert(draft_documents).values(values).on_conflict_do_nothing())
    there = [one.id for one in await documents_of(connection, draft)]
    if document not in there:
        raise UnknownDocument
    if len(there) > MOST_DOCUMENTS:
        raise TooMany


async def remove(connection: AsyncConnection, caller: Caller, draft: UUID, document: UUID) -> None:
    """The document goes with it no longer. Raises UnknownDocument."""
    own = select(drafts.c.id).where(drafts.c.id == draft, *_whose(caller))
    gone = delete(draft_documents).where(draft_documents.c.document_id == document, draft_documents.c.draft_id.in_(own))
    if not (await connection.execute(gone)).rowcount:
        raise UnknownDocument


async def _keep(connection: AsyncConnection, which: ColumnElement[bool], until: datetime) -> int:
    later = func.greatest(documents.c.expires_at, until)
    kept = update(documents).where(which, documents.c.procedure_id.is_(None)).values(expires_at=later)
    return (await connection.execute(kept)).rowcount


def _whose(caller: Caller) -> list[Any]:
    return [drafts.c.organisation == caller.organisation, drafts.c.person == caller.subject]


def _said(draft: Draft) -> dict[str, Any]:
    return {name: getattr(draft, name) for name in ("title", "content", "version", "changed_at", "expires_at")}
