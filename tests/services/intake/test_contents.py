"""A restored database finds the bytes of its documents again, and never hands out others for them."""

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from services.intake.contents import key_of
from tests.services.intake.conftest import DREAL, Intake
from tests.services.intake.documents import PDF, announced, kept, send

HALF = len(PDF) // 2
# Of the attempts at a part, the first and the last there can be.
EARLIER, LATER = UUID(int=0), UUID(int=2**128 - 1)


async def restored(intake: Intake) -> UUID:
    """A document in two parts, that the database does not know the parts of."""
    where = await announced(intake)
    for start, stop in ((0, HALF), (HALF, len(PDF))):
        assert (await send(intake, where, start, PDF[start:stop])).status_code == 204
    async with intake.running.engine.begin() as connection:
        await connection.execute(text("DELETE FROM document_parts"))
    return UUID(where.rpartition("/")[2])


async def test_a_document_is_found_again_by_what_lies_below_its_prefix(intake: Intake) -> None:
    one = await restored(intake)
    for _ in range(2):
        assert (await intake.get(f"/v1/documents/{one}", DREAL)).content == PDF
    assert await intake.count("document_parts") == 2


@pytest.mark.parametrize("attempt", [EARLIER, LATER])
@pytest.mark.parametrize("start", [0, HALF])
@pytest.mark.parametrize("size", [1, HALF, len(PDF) - HALF])
async def test_what_a_killed_process_left_beside_its_parts_is_not_taken_for_one(
    intake: Intake, object_folder: Path, attempt: UUID, start: int, size: int
) -> None:
    one = await restored(intake)
    (object_folder / key_of(one, start, attempt)).write_bytes(bytes(size))
    assert (await intake.get(f"/v1/documents/{one}", DREAL)).content == PDF


async def test_bytes_of_another_digest_are_handed_to_nobody(intake: Intake, object_folder: Path) -> None:
    one = await restored(intake)
    for name in kept(object_folder, str(one)):
        damaged = object_folder / "documents" / str(one) / name
        damaged.write_bytes(bytes(damaged.stat().st_size))
        (object_folder / key_of(one, int(name.partition("-")[0]), EARLIER)).write_bytes(damaged.read_bytes())
    answer = await intake.get(f"/v1/documents/{one}", DREAL)
    assert answer.status_code == 503
    assert await intake.count("document_parts") == 0
