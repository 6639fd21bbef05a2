"""Documents as intake knows them: whose, whole or not yet, in which parts their bytes are, and who read them.

A row is committed before the first byte is kept, so whatever is found below a document's prefix belongs to a row. One
that `expires_at` is past goes with its bytes; attached to a procedure it never does.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Row,
    Table,
    Text,
    Uuid,
    delete,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.identity import Caller
from chassis.transaction import Transaction
from services.intake.store import metadata


class DocumentState(StrEnum):
    """`removing`: nobody gets it any more, and its bytes are about to go."""

    ARRIVING = "arriving"
    WHOLE = "whole"
    REMOVING = "removing"


class Verdict(StrEnum):
    """What a scan found; `unscannable`: the scanner does not take it, for its size or its form."""

    CLEAN = "clean"
    INFECTED = "infected"
    UNSCANNABLE = "unscannable"


documents = Table(
    "documents",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("administration", Text, nullable=False),
    # Under which it was announced; null where it was not.
    Column("key", Text),
    # As it was sent: it may name people, so it stays here.
    Column("name", Text),
    # Whatever was told of it by tus; the name may be in it.
    Column("upload_metadata", Text),
    Column("declared_type", Text, nullable=False),
    Column("state", Text, nullable=False),
    # So many are kept; all of them, once it is whole.
    Column("bytes", BigInteger, nullable=False, server_default=text("0")),
    # As announced, and the SHA-256 as promised, in hexadecimal; null where they were not.
    Column("length", BigInteger),
    Column("promised", Text),
    Column("sha256", Text),
    Column("media_type", Text),
    # Why the content is not what was declared, null where it is.
    Column("mismatch", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("procedure_id", Uuid, ForeignKey("procedures.id")),
    Column("supplement_id", Uuid),
    Column("position", Integer),
    Column("verdict", Text),
    Column("signature", Text),
    Column("scanned_at", DateTime(timezone=True)),
    # When it is to be scanned next; null where nothing is left to do.
    Column("scan_at", DateTime(timezone=True)),
    Column("scan_tries", Integer, nullable=False, server_default=text("0")),
)
Index(
    "documents_key",
    documents.c.administration,
    documents.c.key,
    unique=True,
    postgresql_where=documents.c.state != DocumentState.REMOVING,
)
for _name, _columns in {
    "documents_procedure": (documents.c.procedure_id, documents.c.position),
    "documents_expiry": (documents.c.expires_at,),
    "documents_to_scan": (documents.c.scan_at,),
}.items():
    Index(_name, *_columns, postgresql_where=_columns[0].is_not(None))

parts = Table(
    "document_parts",
    metadata,
    Column("document_id", Uuid, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("start", BigInteger, primary_key=True),
    Column("bytes", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
)

readings = Table(
    "document_readings",
    metadata,
    Column("id", Uuid, primary_key=True),
    # It outlives the document.
    Column("document_id", Uuid, nullable=False),
    Column("first_byte", BigInteger, nullable=False),
    Column("last_byte", BigInteger, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("read_at", DateTime(timezone=True), nullable=False),
    Index("document_readings_document", "document_id", "read_at"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of a document that are one object, from `start` on."""

    start: int
    bytes: int
    key: str


@dataclass(frozen=True, slots=True)
class Document:
    """A row; `sha256`, `media_type` and `mismatch` say something once it is whole."""

    id: UUID
    administration: str
    key: str | None
    name: str | None
    upload_metadata: str | None
    declared_type: str
    state: DocumentState
    bytes: int
    length: int | None
    promised: str | None
    sha256: str | None
    media_type: str | None
    mismatch: str | None
    created_at: datetime
    expires_at: datetime | None
    procedure_id: UUID | None
    supplement_id: UUID | None
    position: int | None
    verdict: str | None
    signature: str | None
    scanned_at: datetime | None
    scan_at: datetime | None
    scan_tries: int


def prefix_of(document: UUID) -> str:
    """Where all objects of a document are, and nothing else."""
    return f"documents/{document}"


async def begin(connection: AsyncConnection, **values: Any) -> Document:  # noqa: ANN401 - columns of the table
    """A document none of whose bytes have come, or the one that was announced under the same key before."""
    new = insert(documents).values(state=DocumentState.ARRIVING, **values).on_conflict_do_nothing()
    row = (await connection.execute(new.returning(documents))).one_or_none()
    if row is None:
        same = select(documents).where(
            documents.c.administration == values["administration"],
            documents.c.key == values["key"],
            documents.c.state != DocumentState.REMOVING,
        )
        row = (await connection.execute(same)).one()
    return document_of(row)


async def find(connection: AsyncConnection, one: UUID) -> Document | None:
    """A document that is not about to go, None where there is none of this id."""
    found = select(documents).where(documents.c.id == one, documents.c.state != DocumentState.REMOVING)
    row = (await connection.execute(found)).one_or_none()
    return None if row is None else document_of(row)


async def add_part(connection: AsyncConnection, one: UUID, part: Part, expires_at: datetime) -> bool:
    """Count a part that is kept; False where others came before it, or the document is gone."""
    grows = update(documents).where(
        documents.c.id == one, documents.c.state == DocumentState.ARRIVING, documents.c.bytes == part.start
    )
    grown = await connection.execute(grows.values(bytes=documents.c.bytes + part.bytes, expires_at=expires_at))
    if not grown.rowcount:
        return False
    await connection.execute(insert(parts).values(document_id=one, **asdict(part)))
    return True


async def parts_of(connection: AsyncConnection, one: UUID) -> list[Part]:
    """In their order."""
    found = select(parts.c.start, parts.c.bytes, parts.c.key).where(parts.c.document_id == one)
    return [Part(*row) for row in await connection.execute(found.order_by(parts.c.start))]


async def replace_parts(connection: AsyncConnection, one: UUID, found: Sequence[Part]) -> None:
    """The bytes of a whole document are in these."""
    await connection.execute(delete(parts).where(parts.c.document_id == one))
    await connection.execute(insert(parts), [{"document_id": one, **asdict(part)} for part in found])


async def become_whole(connection: AsyncConnection, one: UUID, size: int, **values: Any) -> None:  # noqa: ANN401
    """Of so many bytes; one that does not arrive with so many, or no longer, stays as it is."""
    arriving = update(documents).where(
        documents.c.id == one, documents.c.state == DocumentState.ARRIVING, documents.c.bytes == size
    )
    await connection.execute(arriving.values(state=DocumentState.WHOLE, **values))


async def give_up(connection: AsyncConnection, one: UUID) -> bool:
    """Nobody gets it any more; False where it is attached, or there is none."""
    loose = update(documents).where(documents.c.id == one, documents.c.procedure_id.is_(None))
    return bool((await connection.execute(loose.values(state=DocumentState.REMOVING))).rowcount)


async def give_up_expired(connection: AsyncConnection, now: datetime, most: int) -> list[UUID]:
    """Those whose time is over, and those that were given up and are still there; the longest first."""
    over = select(documents.c.id).where(
        documents.c.procedure_id.is_(None),
        (documents.c.expires_at <= now) | (documents.c.state == DocumentState.REMOVING),
    )
    taken = over.order_by(documents.c.expires_at).limit(most).with_for_update(skip_locked=True)
    given_up = update(documents).where(documents.c.id.in_(taken)).values(state=DocumentState.REMOVING)
    return list((await connection.execute(given_up.returning(documents.c.id))).scalars())


async def forget(connection: AsyncConnection, one: UUID) -> None:
    """A document that was given up and whose bytes are gone."""
    gone = delete(documents).where(documents.c.id == one, documents.c.state == DocumentState.REMOVING)
    await connection.execute(gone)


async def record_reading(transaction: Transaction, one: UUID, span: range, reader: Caller) -> None:
    """Who read which bytes of a document, and when."""
    values = {
        "id": transaction.new_id(),
        "document_id": one,
        "first_byte": span.start,
        "last_byte": span.stop - 1,
        "organisation": reader.organisation,
        "subject": reader.subject,
        "read_at": transaction.now,
    }
    await transaction.connection.execute(insert(readings).values(values))


def document_of(row: Row[Any]) -> Document:
    """A row of the whole table."""
    values: dict[str, Any] = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's own name for it
    return Document(**values | {"state": DocumentState(row.state)})
