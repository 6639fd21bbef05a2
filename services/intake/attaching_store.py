"""Documents and the procedures that they are attached to."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from infoparquet_contracts.parts import Document as CarriedDocument
from sqlalchemy import Row, Uuid, func, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import among
from services.intake.attaching import Held
from services.intake.documents_store import Document, DocumentState, Verdict, document_of, documents
from services.intake.store import lost_dossiers


async def held(
    connection: AsyncConnection, ids: Collection[UUID], administration: str, *, locked: bool
) -> dict[UUID, Held]:
    """Those of the documents that are the administration's; where `locked`, held until the transaction ends.

    One of a procedure whose dossier was lost is as good as not attached: it comes back with its dossier.
    """
    if not ids:
        return {}
    lost = select(lost_dossiers.c.procedure_id)
    own = select(documents, documents.c.procedure_id.in_(lost).label("lost")).where(
        among(documents.c.id, ids),
        documents.c.administration == administration,
        documents.c.state != DocumentState.REMOVING,
    )
    # Always locked in one order.
    ordered = own.order_by(documents.c.id).with_for_update() if locked else own
    return {row.id: _held(row) for row in await connection.execute(ordered)}


def _held(row: Row[Any]) -> Held:
    carried = None
    if row.state == DocumentState.WHOLE:
        carried = CarriedDocument(id=row.id, media_type=row.media_type, bytes=row.bytes, sha256=row.sha256)
    attached = row.procedure_id is not None and not row.lost
    return Held(carried, attached, row.signature if row.verdict == Verdict.INFECTED else None)


async def attach(
    connection: AsyncConnection,
    carried: Sequence[CarriedDocument],
    procedure: UUID,
    supplement: UUID | None = None,
) -> None:
    """Documents that are locked become a procedure's, in this order."""
    ids = [one.id for one in carried]
    if ids:
        position = func.array_position(literal(ids, ARRAY(Uuid)), documents.c.id)
        values = {"procedure_id": procedure, "supplement_id": supplement, "position": position, "expires_at": None}
        await connection.execute(update(documents).where(among(documents.c.id, ids)).values(values))


async def attached(connection: AsyncConnection, procedure: UUID) -> list[Document]:
    """A procedure's, those of its supplements after its own."""
    found = select(documents).where(documents.c.procedure_id == procedure)
    ordered = found.order_by(documents.c.supplement_id.nulls_first(), documents.c.position)
    return [document_of(row) for row in await connection.execute(ordered)]
