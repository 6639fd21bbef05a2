"""kill -9 of routing while courts answer: each reply is a fact once, in order, and each court is told once."""

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from infoparquet_contracts.codes import DeclineReason, MissingItem
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.replies import DeclinedReply, SupplementRequestedReply
from infoparquet_contracts.status import State, fold
from infoparquet_contracts.topics import JOURNAL, replies_topic, tribunal_topic

from tests.audit import read
from tests.builders import NOON, an_event
from tests.faults.road import Road
from tests.processes import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("replies")]

# None: killed from outside, wherever it is.
POINTS = (
    "consumer.received",
    "consumer.moved",
    "consumer.handled",
    "consumer.committed",
    "relay.claimed",
    "relay.produced",
    "relay.committed",
    None,
)
COURTS = ("tj33063", "tj75056", "tj97411")
LAST = "tj69123"
PROCEDURES = 9


async def handed_over(road: Road) -> dict[UUID, State]:
    """The procedures as the journal has them, all of them delivered."""
    if not road.submitted:
        for service in road.services.values():
            await service.start()
        await road.arrived(await road.submit(PROCEDURES))
    return await states(road)


async def states(road: Road) -> dict[UUID, State]:
    """What the journal adds up to; every fact has its effect and stands there once."""
    facts = [event for _, event in await read(road.kafka.bootstrap, JOURNAL)]
    assert [one for one, times in Counter(event.id for event in facts).items() if times > 1] == []
    found: dict[UUID, State] = {}
    for event in facts:
        step = fold(found.get(event.subject), event)
        assert step.applied, (event.data.fact, step.why_not)
        assert step.state is not None
        found[event.subject] = step.state
    return found


async def answer(road: Road, state: dict[UUID, State], kind: type[Any], **more: Any) -> list[UUID]:
    """Each court answers each of its deliveries, its first one twice; the replies' ids."""
    written: list[UUID] = []
    for court in sorted({str(one.tribunal) for one in state.values()}):
        replies: list[Event[Any]] = []
        for procedure, one in state.items():
            if one.tribunal == court:
                data = kind(procedure=procedure, delivery=one.delivery, at=NOON, **more)
                replies.append(an_event(data, subject=procedure, source=f"/tribunals/{court}"))
        await road.publish([*replies, replies[0]], replies_topic(court).name)
        written += [one.id for one in replies]
    return written


async def die(road: Road, point: str | None) -> None:
    """Routing dies at the point and is started again."""
    routing = road.services["routing"]
    if point is None:
        await routing.kill()
    else:
        await routing.start(INFOPARQUET_CRASH_AT=point)
        assert await routing.ended() == -9
    await routing.start()


async def taken(road: Road, replies: list[UUID]) -> None:
    """Wait until each reply is a fact of the journal."""

    async def all_taken() -> bool:
        facts = [event.data for _, event in await read(road.kafka.bootstrap, JOURNAL)]
        return set(replies) <= {getattr(one, "reply", None) for one in facts}

    await until(all_taken, seconds=60, what="taken")


async def told(road: Road, court: str) -> dict[UUID, list[str]]:
    """What a court reads of each procedure; nothing stands there twice."""
    events = [event for _, event in await read(road.kafka.bootstrap, tribunal_topic(court))]
    assert len({event.id for event in events}) == len(events)
    kinds: dict[UUID, list[str]] = {}
    for event in events:
        kinds.setdefault(event.subject, []).append(event.data.fact)
    return kinds


async def replies_of(road: Road) -> Counter[UUID]:
    """How often each reply is a fact."""
    facts = [event.data for _, event in await read(road.kafka.bootstrap, JOURNAL)]
    return Counter(one.reply for one in facts if hasattr(one, "reply"))


@pytest.mark.parametrize("point", POINTS)
async def test_a_reply_is_a_fact_once_wherever_routing_dies(road: Road, point: str | None) -> None:
    before = await handed_over(road)
    if point is not None:
        await road.services["routing"].kill()
    replies = await answer(road, before, SupplementRequestedReply, missing=(MissingItem.SIGNATURE,))
    await die(road, point)
    await taken(road, replies)
    counted = await replies_of(road)
    assert {counted[one] for one in replies} == {1}
    assert {one.status for one in (await states(road)).values()} == {"supplement-requested"}
    for court in COURTS:
        assert set(map(tuple, (await told(road, court)).values())) == {("delivery",)}


async def test_what_is_declined_is_delivered_elsewhere_once(road: Road) -> None:
    before = await handed_over(road)
    await road.services["routing"].kill()
    reason = DeclineReason.OTHER_TERRITORY
    replies = await answer(road, before, DeclinedReply, reason=reason, competent=(LAST,))
    # In the middle of telling everybody: facts, recalls and deliveries are in one batch.
    await die(road, "relay.produced")
    await taken(road, replies)
    await until(lambda: all_told(road), seconds=60, what="delivered elsewhere")
    assert {counted for one, counted in (await replies_of(road)).items() if one in replies} == {1}
    after = await states(road)
    assert {(one.status, one.tribunal) for one in after.values()} == {("delivered", LAST)}
    assert {one.number for one in after.values()} == {one.number for one in before.values()}
    for court in COURTS:
        assert set(map(tuple, (await told(road, court)).values())) == {("delivery", "recall")}
    assert await told(road, LAST) == {one: ["delivery"] for one in before}


async def all_told(road: Road) -> bool:
    """Whether the journal has every receipt of the last court."""
    return {(one.status, one.tribunal) for one in (await states(road)).values()} == {("delivered", LAST)}
