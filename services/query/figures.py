"""One narrow row a procedure of what figures are made from, counted anew from its timeline with each of its states.

A row says nothing that the timeline does not, so that adding up rows and recounting timelines come to the same.
"""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# What a court declined it no longer has: the delivery and the acknowledgement of the next one count from then on.
_RECOUNT: Final = """
    INSERT INTO figures (id, submitted_at, status_at, due_at, numbered_after, delivered_after, acknowledged_after,
                         decided_after, urgent, held, unroutable, withdrawal_requested, status, administration,
                         tribunal, families, declined_by)
    SELECT p.id, p.submitted_at, CAST(p.state -> 'times' ->> p.status AS timestamptz),
           CAST(CAST(p.state -> 'urgency' ->> 'until' AS date) + 1 AS timestamp) AT TIME ZONE 'Europe/Paris',
           ceil(extract(epoch FROM said.numbered - least(said.numbered, p.submitted_at)) * 1000),
           ceil(extract(epoch FROM said.delivered - least(said.delivered, p.submitted_at)) * 1000),
           ceil(extract(epoch FROM said.acknowledged - least(said.acknowledged, p.submitted_at)) * 1000),
           ceil(extract(epoch FROM said.decided - least(said.decided, p.submitted_at)) * 1000),
           p.urgent, p.held, jsonb_exists(p.state -> 'times', 'unroutable'),
           CAST(p.state ->> 'withdrawal_requested' AS boolean),
           p.status, p.administration, p.tribunal, coalesce(said.families, ''), p.declined_by
    FROM procedures AS p
    CROSS JOIN LATERAL (
        SELECT coalesce(max(place), 0) AS place FROM timeline
        WHERE procedure_id = p.id AND why_not IS NULL AND split_part(type, '.', 5) = 'declined') AS last
    CROSS JOIN LATERAL (
        SELECT min(time) FILTER (WHERE fact = 'numbered') AS numbered,
               min(time) FILTER (WHERE fact = 'delivered' AND place > last.place) AS delivered,
               min(time) FILTER (WHERE fact IN ('acknowledged', 'registered', 'supplement-requested')
                                       AND place > last.place) AS acknowledged,
               min(time) FILTER (WHERE fact = 'decided') AS decided,
               max((SELECT string_agg(DISTINCT left(code, 1), '' ORDER BY left(code, 1))
                    FROM jsonb_array_elements_text(data -> 'nataff') AS code))
                   FILTER (WHERE fact = 'submitted') AS families
        FROM (SELECT place, time, data, split_part(type, '.', 5) AS fact FROM timeline
              WHERE procedure_id = p.id AND why_not IS NULL) AS effective) AS said
    WHERE p.id = ANY (CAST(:ids AS uuid[]))
    ON CONFLICT (id) DO UPDATE SET
        (status_at, numbered_after, delivered_after, acknowledged_after, decided_after, held, unroutable,
         withdrawal_requested, status, tribunal, declined_by) =
        (EXCLUDED.status_at, EXCLUDED.numbered_after, EXCLUDED.delivered_after, EXCLUDED.acknowledged_after,
         EXCLUDED.decided_after, EXCLUDED.held, EXCLUDED.unroutable, EXCLUDED.withdrawal_requested, EXCLUDED.status,
         EXCLUDED.tribunal, EXCLUDED.declined_by)
"""


async def recount(connection: AsyncConnection, ids: Collection[UUID]) -> None:
    """Write the rows of procedures whose states are locked and written, from their timelines."""
    if ids:
        await connection.execute(text(_RECOUNT), {"ids": list(ids)})
