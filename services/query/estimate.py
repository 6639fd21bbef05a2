"""How many procedures are meant, as the planner's statistics have it: in a millisecond, reading none of them."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from services.query import codes
from services.query.asked import Asked
from services.query.rights import Sight
from services.query.rows import Criteria, Part, meant_by, view_of
from services.query.words import Meaning

# As the index has it.
_KEPT: Final = "array_append(codes, 't' || tribunal)"


async def expected(connection: AsyncConnection, sight: Sight, criteria: Criteria) -> int:
    """Of all that there are, whoever sees them; filters that have no codes are left out."""
    plan = (await connection.execute(_explained(sight, criteria))).scalar_one()
    return int(plan[0]["Plan"]["Plan Rows"])


def _explained(sight: Sight, criteria: Criteria) -> TextClause:
    given: dict[str, Any] = {}
    # Of a court, what it declined is little beside what it has in hand.
    part = view_of(sight).parts[0]
    # Whose they are is left out: statistics do not know that a town's procedures are nearly all of its court.
    needed = ["true", *(_one_of(given, wanted) for wanted in criteria.among)]
    if criteria.kind is not None:
        needed.append(_one_of(given, [codes.kind(criteria.kind)]))
    if criteria.q is not None:
        needed.append("(" + " OR ".join(["false", *_ways(given, part, criteria.q)]) + ")")
    explained = text(f"EXPLAIN (FORMAT JSON) SELECT FROM procedures WHERE {' AND '.join(needed)}")
    return explained.bindparams(
        *(bindparam(name, value, ARRAY(Text) if isinstance(value, list) else Text) for name, value in given.items())
    )


def _ways(given: dict[str, Any], part: Part, asked: Asked) -> Iterator[str]:
    if asked.number is not None:
        yield f"number LIKE {_given(given, asked.number + '%')}"
    if asked.reference is not None:
        beginning = asked.reference.replace("_", r"\_")
        yield f"upper(reference) LIKE {_given(given, f'{beginning}%')}"
    if asked.inside is not None:
        telling = asked.inside.telling.replace("_", r"\_")
        yield f"reference ILIKE {_given(given, f'%{telling}%')}"
    if asked.named is not None:
        yield _means(given, part, asked.named)
    if asked.terms:
        yield "(" + " AND ".join(_means(given, part, term.meaning) for term in asked.terms) + ")"


def _means(given: dict[str, Any], part: Part, meaning: Meaning) -> str:
    wanted = meant_by(part, meaning)
    return "true" if wanted is None else _one_of(given, wanted)


def _one_of(given: dict[str, Any], wanted: object) -> str:
    return f"{_KEPT} && {_given(given, wanted)}"


def _given(given: dict[str, Any], value: object) -> str:
    name = f"p{len(given)}"
    given[name] = list(value) if isinstance(value, list | tuple) else value
    return f":{name}"
