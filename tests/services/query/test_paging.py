"""Pages follow each other without a gap or a repetition, whatever arrives between them."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.clock import new_id
from tests.builders import NOON
from tests.contracts.builders import URGENT
from tests.services.in_process import InProcess
from tests.services.query.histories import a_submission, said, until_delivery


async def pages(query: InProcess, limit: int, administration: str, arriving: int = 0) -> list[list[str]]:
    """Every page's references; `arriving` newer procedures come before each page but the first."""
    found, cursor = [], ""
    while True:
        page = await query.get("/v1/procedures", cursor=cursor, limit=limit, administration=administration)
        answer = page.json()
        found.append([row["reference"] for row in answer["procedures"]])
        if answer["next"] is None:
            return found
        cursor = answer["next"]
        for number in range(arriving):
            at = NOON + timedelta(days=1 + len(found))
            await query.read(*said(a_submission(f"NEW-{number}", administration=administration, at=at)))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 3), max_size=12), st.integers(1, 5))
async def test_pages_together_are_the_list_as_it_was_when_the_first_was_read(
    query: InProcess, seconds: list[int], limit: int
) -> None:
    # Examples share the database: each has an administration of its own.
    administration = f"dreal-{new_id().hex}"
    for number, second in enumerate(seconds):
        at = NOON + timedelta(seconds=second)
        await query.read(*said(a_submission(f"R-{number}", administration=administration, at=at)))
    whole = await pages(query, 200, administration)
    split = await pages(query, limit, administration, arriving=2)
    assert [reference for page in split for reference in page] == whole[0]
    assert all(len(page) == limit for page in split[:-1])


async def test_the_list_is_newest_first(query: InProcess) -> None:
    for number in (2, 0, 1):
        await query.read(*said(a_submission(f"R-{number}", at=NOON + timedelta(hours=number))))
    assert await pages(query, 200, "dreal-33") == [["R-2", "R-1", "R-0"]]


async def test_a_full_last_page_has_no_next(query: InProcess) -> None:
    for number in range(2):
        await query.read(*said(*until_delivery(a_submission(f"R-{number}", urgency=URGENT))))
    answer = (await query.get("/v1/procedures", limit=2)).json()
    assert (len(answer["procedures"]), answer["next"]) == (2, None)
