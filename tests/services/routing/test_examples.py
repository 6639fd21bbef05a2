"""The examples of routing's document: decisions as it answers them, replies as it takes them."""

from typing import Any
from uuid import UUID

import pytest
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.facts import Routed, Submitted
from infoparquet_contracts.registry import REPLIES
from infoparquet_contracts.samples import SAMPLES
from infoparquet_contracts.samples.story import QUARRY
from infoparquet_contracts.topics import JOURNAL
from pydantic_core import to_jsonable_python

from chassis.golden import golden
from reference import default_url, load
from services.routing import examples
from tests.builders import a_submission, an_event
from tests.services.in_process import InProcess
from tests.services.routing.facts import delivered, numbered

REFERENCE = load(default_url())


def asked(case: str) -> dict[str, Any]:
    """The query that asks where that submission belongs."""
    data = golden(Submitted, case).data
    return {
        "commune": [place.commune or "" for place in data.places],
        "ground": [place.ground for place in data.places],
        "natinf": list(data.natinf),
        "nataff": list(data.nataff),
        "kind": data.kind,
    }


@pytest.mark.parametrize("case", examples.answers(REFERENCE))
async def test_the_competence_of_the_document_is_what_is_answered(routing: InProcess, case: str) -> None:
    answer = await routing.get("/v1/competence", **asked(case))
    assert answer.json() == to_jsonable_python(examples.answers(REFERENCE)[case])


async def test_it_is_the_decision_of_the_published_sample() -> None:
    shown, said = examples.answers(REFERENCE)["with-documents"], golden(Routed, "two-candidates").data
    names = ("tribunal", "formation", "rule", "legal_basis")
    assert [shown[name] for name in names] == [getattr(said, name) for name in names]
    assert shown["matched"] == to_jsonable_python(said.matched)
    candidates = [(one["tribunal"], one["formation"], one["rule"]) for one in shown["candidates"]]
    assert candidates == [(one.tribunal, one.formation, one.rule) for one in said.candidates]


async def test_a_court_is_shown_as_the_document_says(routing: InProcess) -> None:
    court = examples.court(REFERENCE)
    assert (await routing.get(f"/v1/tribunals/{court['code']}")).json() == court


def replies_about(procedure: UUID) -> list[Event[Any]]:
    """The published replies, in the order they were sent."""
    events = [one.event for one in SAMPLES if type(one.event.data) in REPLIES and one.event.subject == procedure]
    return sorted(events, key=lambda event: event.time)


async def read_back(routing: InProcess, procedure: UUID) -> UUID:
    """The journal has what routing said and the receipt of its last delivery, whose id is given."""
    said = [(topic, one) for topic, one in await routing.said() if one.subject == procedure]
    (*_, delivery) = [one for _, one in said if one.data.fact == "delivery"]
    await routing.read(*(one for topic, one in said if topic == JOURNAL.name), delivered(delivery))
    return delivery.id


@pytest.mark.parametrize(
    "submission",
    [
        golden(Submitted, "with-documents"),
        golden(Submitted, "urgent"),
        an_event(a_submission(commune="33243"), subject=QUARRY),
    ],
    ids=["discharge", "dumping", "quarry"],
)
async def test_the_replies_of_the_document_are_taken_one_after_the_other(
    routing: InProcess, submission: Event[Submitted]
) -> None:
    await routing.read(submission, numbered(submission))
    if submission.subject == QUARRY:
        # No sample says that the court has registered it.
        await read_back(routing, QUARRY)
        registered = {"fact": "registered", "parquet_number": "26328000051"}
        await routing.post(f"/v1/procedures/{QUARRY}/replies", registered, "tribunal:tj33243")
    bodies = {(one["fact"], one["at"]): one for one in examples.REPLY_BODIES.values()}
    for reply in replies_about(submission.subject):
        body = bodies[reply.data.fact, to_jsonable_python(reply.data.at)]
        # The deliveries are of this moment, their ids with them.
        body = body | {"delivery": str(await read_back(routing, submission.subject))}
        court = reply.source.rpartition("/")[2]
        answer = await routing.post(f"/v1/procedures/{submission.subject}/replies", body, f"tribunal:{court}")
        assert answer.status_code == 202, answer.text
        assert answer.json() == {"id": answer.json()["id"], "procedure": body["procedure"], "fact": body["fact"]}
