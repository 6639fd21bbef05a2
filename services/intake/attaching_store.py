"""Documents and the procedures that they are attached to."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from infoparquet_contracts.envelope import Event
from infoparquet_contracts.parts import Document as CarriedDocument
from sqlalchemy import Row, Uuid, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import among
from chassis.transaction import Transaction
from services.intake.attaching import Held
from services.intake.document_shown import unlike
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
    infected = row.signature if row.verdict == Verdict.INFECTED else None
    return Held(carried, attached, infected, unlike(row.mismatch, row.media_type, row.declared_type))


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


_ADOPT = text("""
    INSERT INTO documents AS d (id, administration, declared_type, state, bytes, media_type, sha256, created_at,
                                procedure_id, supplement_id, position, scan_at)
    SELECT one.id, p.administration, one.media_type, 'whole', one.bytes, one.media_type, one.sha256, :at, p.id,
           :supplement, one.position, :now
    FROM procedures AS p,
         unnest(CAST(:ids AS uuid[]), CAST(:types AS text[]), CAST(:sizes AS bigint[]), CAST(:digests AS text[]))
             WITH ORDINALITY AS one (id, media_type, bytes, sha256, position)
    WHERE p.id = :procedure
    ON CONFLICT (id) DO UPDATE
    SET state = 'whole', bytes = excluded.bytes, sha256 = excluded.sha256, media_type = excluded.media_type,
        procedure_id = excluded.procedure_id, supplement_id = excluded.supplement_id, position = excluded.position,
        scan_at = coalesce(d.scan_at, CASE WHEN d.verdict IS NULL THEN excluded.scan_at END), expires_at = NULL
    WHERE d.procedure_id IS NULL
""")


async def adopt(
    transaction: Transaction, event: Event[Any], carried: Sequence[CarriedDocument], supplement: UUID | None = None
) -> None:
    """Know again that a fact of the journal carries these, without their names; their bytes are where they were."""
    values = {
        "procedure": event.subject,
        "supplement": supplement,
        "at": event.time,
        "now": transaction.now,
        "ids": [one.id for one in carried],
        "types": [one.media_type for one in carried],
        "sizes": [one.bytes for one in carried],
        "digests": [one.sha256 for one in carried],
    }
    if carried:
        await transaction.connection.execute(_ADOPT, values)
