"""What can be delivered is, once wherever SMTP allows it to be known, whatever the server does; the rest is said."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from infoparquet_contracts.codes import NotificationFailure

from chassis.service import Running
from services.notify.service import build
from services.notify.tries import LONGEST_DELAY
from tests.builders import a_submission, an_event
from tests.processes import until
from tests.services.issuer import Issuer
from tests.services.notify import facts
from tests.services.notify.conftest import ALIX, DREAL, Intake, Told, World, a_world
from tests.services.notify.smtp import Server, self_signed

MOST = LONGEST_DELAY.total_seconds()
UNKNOWN = [f"taken, then {how}" for how in ("drop", "hang")]


async def told(world: World, author: dict[str, Any] | None = ALIX, *, urgent: bool = False) -> UUID:
    """A procedure with one mail to send."""
    one = await world.submitted(author, urgent=urgent)
    await world.notify.read(facts.numbered(one))
    return one


async def test_a_mail_is_sent_to_the_author_and_said_in_the_journal(world: World) -> None:
    one = await told(world)
    async with world.at_work():
        await world.until_states("sent")
    (mail,) = world.smtp.received
    assert (mail.sender, mail.to) == ("ne-pas-repondre@infoparquet.example", [ALIX["email"]])
    (said,) = await world.said()
    assert (said.subject, said.data.fact, said.data.recipient, said.data.tries) == (one, "notified", DREAL, 1)
    ((event,),) = await world.notify.rows("SELECT event_id FROM deliveries")
    assert said.data.about == event


@pytest.mark.parametrize(
    ("stage", "answer"),
    [
        *(
            (stage, answer)
            for stage in ("EHLO", "MAIL", "RCPT", "DATA")
            for answer in ("421 4.3.2 later", "hang", "drop")
        ),
        ("EHLO", "554 5.7.1 not you"),
        ("MAIL", "550 5.7.1 not from you"),
        ("RCPT", "450 4.2.1 mailbox busy"),
        ("DATA", "451 4.3.0 trouble"),
    ],
)
async def test_what_may_work_another_time_is_tried_again_and_arrives_once(
    hurried: World, stage: str, answer: str
) -> None:
    # A greeting that is refused for good is tried again as HELO.
    hurried.smtp.faults[stage] = [answer] * (2 if (stage, answer[0]) == ("EHLO", "5") else 1)
    await told(hurried)
    async with hurried.at_work():
        await hurried.until_states("waiting")
        await until(lambda: tries(hurried, 1), what="the first try")
        hurried.pass_time(MOST)
        await hurried.until_states("sent")
    assert len(hurried.smtp.received) == 1
    assert [said.data.fact for said in await hurried.said()] == ["notified"]
    assert await hurried.rows() == [("sent", 2, None)]


async def tries(world: World, count: int) -> bool:
    return [row[:2] for row in await world.rows()] == [("waiting", count)]


@pytest.mark.parametrize("answer", UNKNOWN)
async def test_a_mail_whose_fate_is_unknown_is_sent_again_as_the_same_message(hurried: World, answer: str) -> None:
    hurried.smtp.faults["DATA"] = [answer]
    await told(hurried)
    async with hurried.at_work():
        await until(lambda: tries(hurried, 1), what="the first try")
        hurried.pass_time(MOST)
        await hurried.until_states("sent")
    first, second = hurried.smtp.received
    assert first.message["Message-ID"] == second.message["Message-ID"]
    assert first.message.as_bytes() == second.message.as_bytes()
    assert [said.data.fact for said in await hurried.said()] == ["notified"]


@pytest.mark.parametrize(
    ("stage", "answer", "failure"),
    [
        ("RCPT", "550 5.1.1 no such user", NotificationFailure.ADDRESS_REFUSED),
        ("DATA", "554 5.6.0 spam", NotificationFailure.MESSAGE_REFUSED),
    ],
)
async def test_what_will_never_work_is_given_up_at_once(
    world: World, stage: str, answer: str, failure: NotificationFailure
) -> None:
    world.smtp.faults[stage] = [answer]
    await told(world)
    async with world.at_work():
        await world.until_states("failed")
    (said,) = await world.said()
    assert (said.data.fact, said.data.failure, said.data.tries) == ("notification-failed", failure, 1)


@pytest.mark.parametrize(
    ("faults", "failure"),
    [
        ({"EHLO": ["hang"] * 3}, NotificationFailure.TIMED_OUT),
        ({"RCPT": ["drop"] * 3}, NotificationFailure.UNREACHABLE),
        ({"DATA": [UNKNOWN[0]] * 3}, NotificationFailure.OUTCOME_UNKNOWN),
    ],
)
async def test_after_the_last_try_it_says_why_once(
    hurried: World, faults: dict[str, list[str]], failure: NotificationFailure
) -> None:
    hurried.smtp.faults |= faults
    await told(hurried)
    async with hurried.at_work():
        for count in (1, 2):
            await until(lambda count=count: tries(hurried, count), what=f"try {count}")  # type: ignore[misc]
            hurried.pass_time(MOST)
        await hurried.until_states("failed")
    (said,) = await hurried.said()
    assert (said.data.fact, said.data.failure, said.data.tries) == ("notification-failed", failure, 3)


@pytest.mark.parametrize(
    ("author", "failure"),
    [
        (None, NotificationFailure.NO_ADDRESS),
        ({"name": "Alix"}, NotificationFailure.NO_ADDRESS),
        ({"email": "a,b@dreal.example"}, NotificationFailure.ADDRESS_REFUSED),
        ({"email": "a>@dreal.example"}, NotificationFailure.ADDRESS_REFUSED),
    ],
)
async def test_without_an_address_that_can_be_written_to_nothing_is_tried(
    world: World, author: dict[str, Any] | None, failure: NotificationFailure
) -> None:
    await told(world, author)
    async with world.at_work():
        await world.until_states("failed")
    assert (await world.said())[0].data.failure is failure
    assert world.smtp.conversations == 0


async def test_an_address_with_accents_is_written_as_the_server_can_take_it(world: World) -> None:
    await told(world, {"email": "zoé@préfecture.example"})
    async with world.at_work():
        await world.until_states("sent")
    assert world.smtp.received[0].to == ["zoé@xn--prfecture-c4a.example"]


async def test_two_workers_on_one_table_send_each_mail_once(
    world: World, told_notify: Told, intake: Intake, smtp: Server
) -> None:
    settings = told_notify(intake_url=intake.url, smtp_url=f"smtp://127.0.0.1:{smtp.port}")
    other = Running(build(settings), settings, clock=world.clock)
    for _ in range(12):
        await told(world)
    worker, _ = other.workers
    second: asyncio.Task[None] = asyncio.create_task(worker())
    async with world.at_work():
        await world.until_states(*["sent"] * 12)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    assert max(Counter(smtp.message_ids).values()) == 1
    assert len(smtp.received) == 12
    assert len({said.id for said in await world.said()}) == 12
    await other.engine.dispose()
    await other.lock_engine.dispose()


async def test_a_slow_server_holds_back_neither_handlers_nor_others_and_gets_eight_mails_at_once(world: World) -> None:
    world.smtp.gate.clear()
    for _ in range(10):
        await told(world)
    async with world.at_work():
        await until(lambda: talking(world, 8), what="eight at once")
        # While all eight are held by the server: to be read and kept is all that it takes.
        async with asyncio.timeout(60):
            await told(world)
        assert world.smtp.received == []
        world.smtp.gate.set()
        await until(lambda: arrived(world, 11), what="all")
    assert world.smtp.most_at_once == 8


async def sending(world: World, count: int) -> bool:
    return [row[0] for row in await world.rows()].count("sending") == count


async def arrived(world: World, count: int) -> bool:
    return len(set(world.smtp.message_ids)) == count


async def test_urgent_procedures_go_first(world: World) -> None:
    for _ in range(8):
        await told(world)
    urgent = await told(world, urgent=True)
    world.smtp.gate.clear()
    async with world.at_work():
        await until(lambda: sending(world, 8), what="eight at once")
        held = await world.notify.rows("SELECT procedure_id FROM deliveries WHERE state = 'sending'")
        assert (urgent,) in held
        world.smtp.gate.set()
        await world.until_states(*["sent"] * 9)


async def test_what_a_newer_release_wants_told_is_left_to_it(world: World) -> None:
    later = await told(world)
    async with world.notify.running.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE deliveries SET event_type = replace(event_type, '.v1', '.v9')")
    await told(world)
    async with world.at_work():
        await world.until_states("waiting", "sent")
    shown = (await world.notify.get("/v1/deliveries", procedure=later)).json()["deliveries"]
    assert [(one["fact"], one["state"], one["tries"]) for one in shown] == [("numbered", "waiting", 0)]


async def test_a_refused_address_keeps_no_other_mail_from_its_reader(world: World) -> None:
    world.smtp.recipients["gone@dreal.example"] = "550 5.1.1 gone"
    await told(world, {"email": "gone@dreal.example"})
    await told(world)
    async with world.at_work():
        await world.until_states("failed", "sent")


async def test_a_mail_whose_process_died_is_tried_again_when_its_lease_is_over(world: World) -> None:
    await told(world)
    world.smtp.gate.clear()
    async with world.at_work() as worker:
        await until(lambda: sending(world, 1), what="it is sent")
        await until(lambda: talking(world), what="it is talked about")
        # As a kill: nothing is recorded. The second cancel is an end without grace.
        worker.cancel()
        await asyncio.wait([worker], timeout=0.1)
        worker.cancel()
    assert await world.rows() == [("sending", 1, None)]
    world.smtp.gate.set()
    async with world.at_work():
        world.pass_time(10)
        assert await world.rows() == [("sending", 1, None)]
        world.pass_time(1000)
        await world.until_states("sent")
    assert await world.rows() == [("sent", 2, None)]
    assert len(set(world.smtp.message_ids)) == 1


async def talking(world: World, count: int = 1) -> bool:
    return world.smtp.conversations >= count


async def test_what_is_in_hand_at_the_end_is_recorded(world: World) -> None:
    await told(world)
    world.smtp.gate.clear()
    async with world.at_work():
        await until(lambda: talking(world), what="it is talked about")
        asyncio.get_running_loop().call_later(0.2, world.smtp.gate.set)
    assert await world.rows() == [("sent", 1, None)]


async def test_while_intake_is_down_mails_wait(
    told_notify: Told, issuer: Issuer, intake: Intake, smtp: Server, world: World
) -> None:
    one = await told(world)
    settings = told_notify(smtp_url=f"smtp://127.0.0.1:{smtp.port}")
    async with a_world(settings, issuer, intake, smtp) as alone:
        await alone.notify.read(an_event(a_submission(), subject=one))
        await alone.notify.read(facts.numbered(one))
        async with alone.at_work():
            await until(lambda: tries(alone, 1), what="a try")
        assert await alone.rows() == [("waiting", 1, "unreachable")]
    assert smtp.conversations == 0


async def test_a_server_that_nobody_vouches_for_is_told_nothing(
    told_notify: Told, issuer: Issuer, intake: Intake, smtp: Server, tmp_path: Path
) -> None:
    async with self_signed(tmp_path) as port:
        settings = told_notify(intake_url=intake.url, smtp_url=f"smtps://agent:secret@127.0.0.1:{port}")
        async with a_world(settings, issuer, intake, smtp) as world:
            await told(world)
            async with world.at_work():
                await until(lambda: tries(world, 1), what="a try")
            assert await world.rows() == [("waiting", 1, "certificate-refused")]


async def test_credentials_are_not_said_in_the_clear(
    told_notify: Told, issuer: Issuer, intake: Intake, smtp: Server
) -> None:
    settings = told_notify(intake_url=intake.url, smtp_url=f"smtp://agent:secret@127.0.0.1:{smtp.port}")
    async with a_world(settings, issuer, intake, smtp) as world:
        await told(world)
        async with world.at_work():
            await until(lambda: tries(world, 1), what="a try")
        assert await world.rows() == [("waiting", 1, "unreachable")]
    assert smtp.received == []


async def test_what_the_database_was_too_long_away_to_record_is_not_sent_again(world: World) -> None:
    await told(world)
    world.smtp.gate.clear()
    async with world.at_work():
        await until(lambda: talking(world), what="it is talked about")
        # The lease is over while the mail is still in hand, as when its outcome could not be written for so long.
        world.pass_time(1000)
        await until(lambda: claimed_again(world), what="claimed again")
        world.smtp.gate.set()
        await world.until_states("sent")
    assert len(world.smtp.received) == 1
    assert [said.data.fact for said in await world.said()] == ["notified"]


async def claimed_again(world: World) -> bool:
    return await world.rows() == [("sending", 2, None)]
