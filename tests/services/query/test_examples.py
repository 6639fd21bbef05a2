"""The examples of query's document are what it answers once it has read the published samples."""

from infoparquet_contracts.samples.story import DISCHARGE, DISCHARGE_NUMBER
from pydantic_core import to_jsonable_python

from chassis.golden import journal_of
from reference.names import Names
from services.query.examples import followed
from tests.services.in_process import InProcess


async def test_the_published_samples_are_followed_as_the_document_shows(query: InProcess, names: Names) -> None:
    await query.read(*journal_of(DISCHARGE))
    shown = to_jsonable_python(followed(names))
    assert (await query.get(f"/v1/procedures/{DISCHARGE_NUMBER}")).json() == shown
    page = (await query.get("/v1/procedures")).json()
    assert page == {
        "procedures": [{name: shown[name] for name in page["procedures"][0]}],
        "next": None,
        "corrected": [],
        "ignored": [],
    }
