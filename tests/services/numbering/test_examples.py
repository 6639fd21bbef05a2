"""The example of numbering's document is what it answers once it has numbered the published submission."""

from infoparquet_contracts.facts import Numbered, Submitted
from pydantic_core import to_jsonable_python
from sqlalchemy import text

from chassis.golden import golden
from services.numbering.examples import NUMBER
from services.numbering.service import build
from services.numbering.settings import NumberingSettings
from tests.services.in_process import in_process
from tests.services.issuer import Issuer


async def test_the_published_submission_gets_the_number_of_the_document(
    settings: NumberingSettings, issuer: Issuer
) -> None:
    sample = golden(Numbered, "local-authority")
    service = build(settings)
    async with in_process(service, settings, issuer, tables="numbers, sequences", clock=lambda: sample.time) as one:
        async with one.running.engine.begin() as connection:
            # The sample's is the 42nd of its year.
            await connection.execute(text("INSERT INTO sequences (year, last) VALUES (2026, 41)"))
        (said,) = await one.read(golden(Submitted, "with-documents"))
        assert said.data == sample.data
        answer = await one.get(f"/v1/numbers/{sample.data.number}")
    assert answer.json() == to_jsonable_python(NUMBER)
