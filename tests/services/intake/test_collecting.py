"""Space comes back: of what stopped coming, and of what nobody attached within a day; what is attached stays."""

import asyncio
from datetime import timedelta
from pathlib import Path

from tests.services.intake.builders import a_procedure
from tests.services.intake.conftest import Collected, Intake
from tests.services.intake.documents import PDF, announced, deposited, kept, offset, send


async def test_what_was_never_attached_goes_after_a_day(
    intake: Intake, collected: Collected, object_folder: Path
) -> None:
    one = await deposited(intake)
    assert await collected(timedelta(hours=23)) == 0
    assert kept(object_folder, one)
    assert await collected(timedelta(hours=25)) == 1
    assert not (object_folder / "documents" / one).exists()
    assert await intake.count("documents") == await intake.count("document_parts") == 0


async def test_what_is_attached_stays(intake: Intake, collected: Collected, object_folder: Path) -> None:
    one = await deposited(intake)
    await intake.post(a_procedure(documents=[one]), key="k1")
    assert await collected(timedelta(days=4000)) == 0
    assert kept(object_folder, one)


async def test_what_stopped_coming_goes_a_day_after_its_last_byte(
    intake: Intake, collected: Collected, object_folder: Path
) -> None:
    where = await announced(intake)
    await send(intake, where, 0, PDF[:10])
    assert await collected(timedelta(hours=23)) == 0
    assert await offset(intake, where) == 10
    assert await collected(timedelta(hours=25)) == 1
    assert kept(object_folder, where) == []
    assert await intake.count("documents") == 0


async def test_what_a_killed_process_left_goes_with_its_document(
    intake: Intake, collected: Collected, object_folder: Path
) -> None:
    where = await announced(intake)
    await send(intake, where, 0, PDF[:10])
    folder = object_folder / "documents" / where.rpartition("/")[2]
    # As the library names what it has not finished.
    (folder / "0000000010-unfinished#1").write_bytes(b"x")
    (folder / "0000000010-uncounted").write_bytes(b"x")
    assert await collected(timedelta(hours=25)) == 1
    assert not folder.exists()


async def test_what_a_killed_process_left_is_gone_once_the_document_is_whole(
    intake: Intake, object_folder: Path
) -> None:
    where = await announced(intake)
    await send(intake, where, 0, PDF[:10])
    folder = object_folder / "documents" / where.rpartition("/")[2]
    (folder / "0000000010-unfinished#1").write_bytes(b"x")
    (folder / "0000000010-uncounted").write_bytes(b"x")
    assert (await send(intake, where, 10, PDF[10:])).status_code == 204
    assert len(kept(object_folder, where)) == 2
    assert not {"0000000010-unfinished#1", "0000000010-uncounted"}.intersection(kept(object_folder, where))


async def test_collecting_twice_at_once_harms_nothing(intake: Intake, collected: Collected) -> None:
    for _ in range(5):
        await deposited(intake)
    counts = await asyncio.gather(*(collected(timedelta(days=2)) for _ in range(3)))
    assert sum(counts) >= 5
    assert await intake.count("documents") == 0
