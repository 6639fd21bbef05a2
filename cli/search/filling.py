"""Fills the view with procedures as unevenly spread as real ones: large towns and small, a few administrations that
report much, some offences that are common; over eight years, in the order in which they came.
"""

import random
from dataclasses import dataclass
from typing import Any, Final, Self

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from reference import Reference

ADMINISTRATIONS: Final = 300
KINDS: Final = ("dreal", "dgccrf", "urssaf", "ddpp", "douane", "dreets", "mairie", "hopital", "ofb", "onf")
_SEED: Final = 20261129
# Places drawn beforehand: each procedure takes one of them.
_PLACES: Final = 50_000
_LOT: Final = 20_000

# Cubed and squared, as a few of each list have most. Joined, as an array of texts is read from its beginning each time.
_FILL: Final = """
    WITH drawn AS MATERIALIZED (
        SELECT n, 1 + floor(random() * cardinality(CAST(:communes AS text[])))::int AS place,
               floor(:administrations * power(random(), 3))::int AS administration,
               1 + floor(cardinality(CAST(:natinf AS text[])) * power(random(), 3))::int AS natinf,
               1 + floor(cardinality(CAST(:nataff AS text[])) * power(random(), 2))::int AS nataff,
               timestamptz '2019-01-01' + n * (interval '8 years' / :whole) AS at
        FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n),
    named AS (
        SELECT n, at, administration, commune, court, offence, affair,
               (CAST(:kinds AS text[]))[1 + administration % cardinality(CAST(:kinds AS text[]))] || '-'
                   || administration AS named,
               extract(year FROM at AT TIME ZONE 'Europe/Paris')::int AS year,
               CASE WHEN n % 90 = 0 THEN 'complaint' WHEN n % 3 = 0 THEN 'official-record' ELSE 'report' END AS kind
        FROM drawn
        JOIN unnest(CAST(:communes AS text[]), CAST(:courts AS text[])) WITH ORDINALITY AS p (commune, court, place)
             USING (place)
        JOIN unnest(CAST(:natinf AS text[])) WITH ORDINALITY AS o (offence, natinf) USING (natinf)
        JOIN unnest(CAST(:nataff AS text[])) WITH ORDINALITY AS f (affair, nataff) USING (nataff))
    INSERT INTO procedures (id, administration, reference, kind, submitted_at, state, codes)
    SELECT uuidv7(at - now()), named, upper(named) || '-' || year || '-' || n, kind, at,
           jsonb_build_object(
               'status', CASE WHEN n % 1000 = 0 THEN 'routed' WHEN n % 50 = 1 THEN 'declined' WHEN n % 4 = 0
                              THEN 'registered' ELSE 'delivered' END,
               'number', year || '-' || lpad(n::text, 8, '0') || '-'
                         || lpad((98 - (year * 10000000000 + n * 100::bigint) % 97)::text, 2, '0'),
               'tribunal', CASE WHEN n % 50 <> 1 THEN court END,
               'urgency', CASE WHEN n % 8 = 0 THEN jsonb_build_object('reason', 'danger', 'until', null) END,
               'delivery', CASE WHEN n % 1000 <> 0 AND n % 50 <> 1 THEN uuidv7()::text END,
               'declined_by', CASE WHEN n % 50 = 1 THEN jsonb_build_array(court) ELSE jsonb_build_array() END),
           ARRAY['a' || named, 'a' || split_part(named, '-', 1), 'a' || administration, 'c' || commune, 'n' || offence,
                 'f' || left(affair, 1), 'f' || left(affair, 2), 'f' || affair, 'k' || kind]
    FROM named ORDER BY n
"""


@dataclass(frozen=True)
class Spread:
    """Lists whose first entries are the most frequent, and places as often as people live there."""

    communes: list[str]
    courts: list[str]
    natinf: list[str]
    nataff: list[str]

    @classmethod
    def drawn(cls, reference: Reference) -> Self:
        """The same at each run."""
        chance = random.Random(_SEED)  # noqa: S311 - as above
        territory = reference.territory.by_commune
        settled = [one for one in reference.communes.by_code.values() if one.kind != "FORMER" and one.code in territory]
        places = [one.code for one in chance.choices(settled, [one.population + 1 for one in settled], k=_PLACES)]
        natinf, nataff = list(reference.natinf), [code for code in reference.nataff if len(code) > 1]
        chance.shuffle(natinf)
        chance.shuffle(nataff)
        return cls(places, [territory[code].court.code for code in places], natinf, nataff)

    def values(self) -> dict[str, Any]:
        """As parameters of a statement."""
        return {
            "communes": self.communes,
            "courts": self.courts,
            "natinf": self.natinf,
            "nataff": self.nataff,
            "administrations": ADMINISTRATIONS,
            "kinds": list(KINDS),
        }


async def fill(connection: AsyncConnection, spread: Spread, wanted: int) -> None:
    """So many procedures, and what the planner knows of them; commits each lot where nobody began a transaction."""
    await connection.execute(text("SELECT setseed(0.42)"))
    for first in range(1, wanted + 1, _LOT):
        last = min(first + _LOT - 1, wanted)
        await connection.execute(text(_FILL), {**spread.values(), "whole": wanted, "first": first, "last": last})
    await connection.execute(text("ANALYZE procedures"))
