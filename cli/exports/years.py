"""Fills query's tables with years of procedures, written straight to the database: 300 administrations, 164 courts of
very different sizes, one in eight urgent, most of them long closed.
"""

from collections.abc import Mapping
from typing import Any, Final

import asyncpg

# A national year.
A_YEAR: Final = 120_000
_PROCEDURES: Final = """
    INSERT INTO procedures (id, administration, service, reference, kind, submitted_at, state)
    SELECT uuidv7(), 'adm-' || n % 300, 'risques', 'REF-2026-' || lpad(CAST(n AS text), 8, '0'), 'report', at,
           jsonb_build_object(
               'status', status, 'number', '2026-' || lpad(CAST(n AS text), 8, '0') || '-00', 'tribunal', tribunal,
               'formation', null, 'delivery', uuidv7(), 'overdue', false, 'withdrawal_requested', false,
               'urgency', CASE WHEN n % 8 = 0 THEN
                   jsonb_build_object('reason', 'danger', 'until', CAST(at AS date) + 10) END,
               'declined_by', jsonb_build_array(),
               'times', jsonb_build_object(
                   'submitted', at, 'numbered', at + interval '0.2 s', 'routed', at + interval '0.3 s',
                   'delivered', at + interval '0.5 s', status, at + interval '20 days'))
    FROM (SELECT n, now() - n * (interval '365 days' / $2) AS at,
                 'tj' || lpad(CAST(floor(164 * power(random(), 3)) AS text), 5, '0') AS tribunal,
                 CASE WHEN n > $2 OR n % 3 > 0 THEN 'closed'
                      ELSE (ARRAY['delivered', 'acknowledged', 'registered', 'supplement-requested'])[1 + n % 4] END
                     AS status
          FROM generate_series(1, $1) AS n) AS drawn
"""
_FIGURES: Final = """
    INSERT INTO figures (id, submitted_at, status_at, due_at, numbered_after, delivered_after, acknowledged_after,
                         decided_after, urgent, held, unroutable, withdrawal_requested, status, administration,
                         tribunal, families, declined_by)
    SELECT id, submitted_at, CAST(state -> 'times' ->> status AS timestamptz),
           CASE WHEN urgent THEN submitted_at + interval '10 days' END,
           300 * exp(2 * random() - 1), 900 * exp(3 * random() - 1), 86400000 * exp(4 * random() - 2),
           CASE WHEN status = 'closed' THEN 5184000000 * exp(2 * random() - 1) END,
           urgent, held, false, false, status, administration, tribunal, chr(65 + CAST(11 * random() AS integer)), null
    FROM procedures
"""


async def fill(service: Mapping[str, Any], procedures: int) -> None:
    """So many, in an empty view."""
    connection = await asyncpg.connect(service["database"], command_timeout=None)
    try:
        await connection.execute("SET synchronous_commit = off")
        await connection.execute("SET statement_timeout = 0")
        await connection.execute(_PROCEDURES, procedures, A_YEAR)
        await connection.execute(_FIGURES)
        # As a table is that has been there for a while.
        await connection.execute("VACUUM (ANALYZE) procedures")
        await connection.execute("VACUUM (ANALYZE) figures")
    finally:
        await connection.close()
