"""The examples of intake's document: what they send makes the published samples, what they answer is answered."""

import json

import pytest
from infoparquet_contracts.facts import Submitted, Supplemented, Withdrawn
from pydantic_core import to_jsonable_python

from chassis.golden import golden
from chassis.service import Service
from services.intake import examples
from tests.services.intake.conftest import Intake, Settings, running
from tests.services.issuer import Issuer


@pytest.mark.parametrize("case", examples.BODIES)
async def test_a_submission_of_the_document_says_the_published_fact(
    intake: Intake, service: Service, told: Settings, issuer: Issuer, case: str
) -> None:
    sample = golden(Submitted, case)
    async with running(service, told(), issuer, now=sample.data.submitted_at) as then:
        answer = await then.post(examples.BODIES[case], key=case)
        (said,) = await then.said()
    assert said.data == sample.data
    made = {"id": answer.json()["id"], "status_url": f"/v1/procedures/{answer.json()['id']}"}
    assert (answer.status_code, answer.json()) == (202, to_jsonable_python(examples.ACCEPTED[case] | made))


async def test_the_line_of_the_document_is_taken(intake: Intake) -> None:
    (taken,) = await intake.send([json.dumps(examples.LINE)])
    assert taken == to_jsonable_python(examples.LINE_TAKEN | {"id": taken["id"]})


async def test_a_dossier_is_shown_as_the_document_says(
    intake: Intake, service: Service, told: Settings, issuer: Issuer
) -> None:
    sample = golden(Submitted, "urgent")
    async with running(service, told(), issuer, now=sample.data.submitted_at) as then:
        procedure = (await then.post(examples.BODIES["urgent"], key="1")).json()["id"]
        dossier = (await then.get(f"/v1/dossiers/{procedure}", "administration:dreal-33")).json()
        contact = (await then.get(f"/v1/dossiers/{procedure}/contact", "service:notify")).json()
    # The sample's number was given since.
    assert dossier == to_jsonable_python(examples.DOSSIER | {"id": procedure, "number": None})
    assert contact == examples.CONTACT


async def test_what_is_said_since_says_the_published_facts(intake: Intake) -> None:
    procedure = (await intake.post(examples.BODIES["urgent"], key="1")).json()["id"]
    supplement = await intake.go_on(procedure, "supplements", examples.SUPPLEMENT, key="2")
    withdrawal = await intake.go_on(procedure, "withdrawal", to_jsonable_python(examples.WITHDRAWAL), key="3")
    assert supplement.json().keys() == examples.SUPPLEMENTED.keys()
    assert withdrawal.json().keys() == examples.WITHDRAWN.keys()
    _, supplemented, withdrawn = await intake.said()
    assert supplemented.data.documents == golden(Supplemented, "in-words").data.documents
    assert withdrawn.data == golden(Withdrawn, "before-delivery").data
