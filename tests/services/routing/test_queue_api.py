"""The operators' queue: urgent first, with what each lacks, and decided again once data or rules are corrected."""

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from infoparquet_contracts.codes import Ground, UrgencyReason
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.parts import Place, Urgency

from chassis.clock import new_id
from chassis.service import Service
from reference import default_url, load
from services.routing import queue_api
from services.routing.delivery import Dossiers
from services.routing.dispatch import Dispatch
from services.routing.settings import RoutingSettings
from tests.builders import a_submission, an_event
from tests.services.in_process import InProcess, in_process
from tests.services.issuer import Issuer
from tests.services.routing.conftest import INTAKE
from tests.services.routing.facts import numbered
from tests.services.routing.world import deciding

CLIPPERTON, ROISSY = "98901", "95527"
AGAIN = "/v1/unroutable:decide"


def a_fact(*communes: str | None, urgent: bool = False) -> Event[Any]:
    places = tuple(Place(ground=Ground.FACTS, commune=commune) for commune in communes)
    urgency = Urgency(reason=UrgencyReason.DANGER, until=None) if urgent else None
    return an_event(a_submission().model_copy(update={"places": places, "urgency": urgency}))


async def queue(routing: InProcess) -> list[dict[str, Any]]:
    return list((await routing.get("/v1/unroutable")).json()["procedures"])


async def test_the_urgent_come_first_then_the_oldest(routing: InProcess) -> None:
    facts = [a_fact(None), a_fact(None), a_fact(None, urgent=True), a_fact(None, urgent=True)]
    for fact in facts:
        await routing.read(fact)
    first, second, third, fourth = facts
    assert [one["id"] for one in await queue(routing)] == [str(one.subject) for one in (third, fourth, first, second)]


async def test_one_of_it_is_asked_for_alone_and_how_many_wait_is_said(routing: InProcess) -> None:
    facts = [a_fact(None), a_fact(None)]
    for fact in facts:
        await routing.read(fact)
    found = (await routing.get("/v1/unroutable", procedure=facts[1].subject)).json()
    assert ([one["id"] for one in found["procedures"]], found["waiting"]) == ([str(facts[1].subject)], 2)
    assert (await routing.get("/v1/unroutable", procedure=new_id())).json() == {"procedures": [], "waiting": 2}


@pytest.mark.parametrize(
    ("communes", "reason", "pointers"),
    [
        ((None,), "place-without-commune", ["/places/0/commune"]),
        ((None, ROISSY), "precincts-unknown", ["/places/0/commune", "/places/1/aerodrome"]),
        ((CLIPPERTON,), "commune-without-court", ["/places/0/commune"]),
    ],
)
async def test_each_says_what_it_lacks(
    routing: InProcess, communes: tuple[str | None, ...], reason: str, pointers: list[str]
) -> None:
    await routing.read(a_fact(*communes))
    (one,) = await queue(routing)
    assert one["reason"] == reason
    assert [missing["pointer"] for missing in one["missing"]] == pointers
    assert all(missing["detail"] for missing in one["missing"])


async def test_a_commune_that_an_aerodrome_cuts_shows_both_courts(routing: InProcess) -> None:
    await routing.read(a_fact(ROISSY))
    (one,) = await queue(routing)
    assert [candidate["tribunal"] for candidate in one["candidates"]] == ["tj95500", "tj93008"]


@pytest.fixture
def corrected(service: Service) -> Service:
    """Routing with a court for Clipperton."""
    law = deciding().law
    by_commune = dict(law.territory.by_commune) | {CLIPPERTON: law.territory.by_commune["98735"]}
    territory = replace(law.territory, by_commune=MappingProxyType(by_commune))
    mended = replace(deciding(), law=replace(law, territory=territory))
    dispatch = Dispatch(lambda: mended, Dossiers(INTAKE))
    return replace(service, routers=lambda parts: [queue_api.routes(parts, dispatch)])


async def test_corrected_data_let_the_queue_be_decided_again(
    routing: InProcess, corrected: Service, settings: RoutingSettings, issuer: Issuer
) -> None:
    stuck, freed = a_fact(None), a_fact(CLIPPERTON)
    await routing.read(stuck, freed, numbered(freed))
    async with in_process(corrected, settings, issuer, tables="idempotency_keys") as mended:
        answer = await mended.post(AGAIN, None, "operator", key="k1")
        assert (answer.status_code, answer.json()) == (
            202,
            {"decided": 1, "waiting": 1, "rule_set": load(default_url()).version},
        )
        said = await mended.said()
        assert [(topic.split(".")[1], event.data.fact) for topic, event in said] == [
            ("procedures", "routed"),
            ("tribunal", "delivery"),
        ]
        assert {event.subject for _, event in said} == {freed.subject}
        again = await mended.post(AGAIN, None, "operator", key="k1")
        assert (again.json()["decided"], len(await mended.said())) == (0, 2)


async def test_what_no_rule_decides_stays_and_nothing_is_said(routing: InProcess) -> None:
    await routing.read(a_fact(None))
    count = len(await routing.said())
    assert (await routing.post(AGAIN, None, "operator")).json()["waiting"] == 1
    assert len(await routing.said()) == count


async def test_only_operators_decide_and_with_a_key(routing: InProcess) -> None:
    assert (await routing.post(AGAIN, None, "tribunal:tj33063")).status_code == 403
    headers = routing.issuer.bearer("operator")
    assert (await routing.http.post(AGAIN, headers=headers)).status_code == 400


async def test_every_procedure_is_a_case_page_by_page_without_a_word_of_it(routing: InProcess) -> None:
    facts = sorted(
        (an_event(a_submission(nataff=("J5",)), subject=new_id()) for _ in range(3)), key=lambda e: e.subject
    )
    await routing.read(*facts)
    first = (await routing.get("/v1/cases", limit=2)).json()
    second = (await routing.get("/v1/cases", limit=2, after=first["next"])).json()
    assert second["next"] is None
    cases = [*first["cases"], *second["cases"]]
    assert [one["id"] for one in cases] == [str(fact.subject) for fact in facts]
    assert set(cases[0]) == {"id", "on", "kind", "places", "natinf", "nataff"}
    assert (await routing.get("/v1/cases", "administration:dreal-33")).status_code == 403
