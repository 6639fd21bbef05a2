"""A file under its final name is the document of the delivery, whatever the network and the other side do."""

import asyncio
from pathlib import Path

import httpx
import pytest

from cli.download import Outcome, State, download
from cli.session import Connection
from tests.cli.lossy_intake import LossyIntake, a_document
from tests.services.intake.conftest import listening

CONTENT = bytes(range(256)) * 4096
OTHER = CONTENT[:-1] + b"?"


@pytest.fixture
def final(tmp_path: Path) -> Path:
    return tmp_path / "01 - constat.pdf"


def part_of(final: Path) -> Path:
    return final.with_name(f"{final.name}.part")


def content_of(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def anybody(url: str) -> Connection:
    return Connection("tribunal:tj33063", url=url, token="any")  # noqa: S106 - nobody looks at it


async def fetched(intake: LossyIntake, final: Path, content: bytes = CONTENT) -> Outcome:
    """What becomes of a document whose delivery was of `content`; the bytes that are told add up."""
    told: list[int] = []
    async with listening(intake.app()) as url, httpx.AsyncClient() as client:
        connection = anybody(url)
        outcome = await download(client, connection, a_document(content), final, told.append)
    if outcome.state in (State.RECEIVED, State.PRESENT):
        assert content_of(final) == content
        assert sum(told) == len(content)
    assert [one.name for one in final.parent.iterdir() if one != final] == (
        [part_of(final).name] if part_of(final).exists() else []
    )
    return outcome


async def test_a_document_is_received_once(final: Path) -> None:
    intake = LossyIntake(CONTENT)
    assert (await fetched(intake, final)).state is State.RECEIVED
    assert (await fetched(intake, final)).state is State.PRESENT
    assert intake.asked == [None]
    assert not part_of(final).exists()


async def test_an_empty_document_is_a_document(final: Path) -> None:
    assert (await fetched(LossyIntake(b""), final, b"")).state is State.RECEIVED


async def test_a_cut_connection_goes_on_where_it_was(final: Path) -> None:
    intake = LossyIntake(CONTENT, cut_after=[300_000, 200_000])
    assert (await fetched(intake, final)).state is State.RECEIVED
    first, second, third = intake.asked
    assert first is None
    assert second is not None
    assert third is not None
    assert second.startswith("bytes=")
    assert int(third[6:-1]) > int(second[6:-1]) > 0


async def test_what_an_earlier_run_had_is_not_asked_for_again(final: Path) -> None:
    part_of(final).write_bytes(CONTENT[:500_000])
    intake = LossyIntake(CONTENT)
    assert (await fetched(intake, final)).state is State.RECEIVED
    assert intake.asked == ["bytes=500000-"]


async def test_a_whole_part_needs_no_answer(final: Path) -> None:
    part_of(final).write_bytes(CONTENT)
    intake = LossyIntake(CONTENT)
    assert (await fetched(intake, final)).state is State.RECEIVED
    assert intake.asked == []


@pytest.mark.parametrize("left", [b"not this document", OTHER, CONTENT + b"more"])
async def test_a_part_of_something_else_is_begun_again(final: Path, left: bytes) -> None:
    part_of(final).write_bytes(left)
    intake = LossyIntake(CONTENT)
    assert (await fetched(intake, final)).state is State.RECEIVED
    assert intake.asked[-1] is None


async def test_without_ranges_a_part_is_replaced(final: Path) -> None:
    part_of(final).write_bytes(CONTENT[:500_000])
    assert (await fetched(LossyIntake(CONTENT, ranges=False), final)).state is State.RECEIVED


async def test_a_range_that_cannot_be_had_is_begun_again(final: Path) -> None:
    part_of(final).write_bytes(CONTENT[:500_000])
    intake = LossyIntake(CONTENT, problems=[(416, "range")])
    assert (await fetched(intake, final)).state is State.RECEIVED
    assert intake.asked == ["bytes=500000-", None]


@pytest.mark.parametrize("left", [OTHER, CONTENT[:1000], b""])
async def test_a_file_that_was_damaged_is_replaced(final: Path, left: bytes) -> None:
    write(final, left)
    assert (await fetched(LossyIntake(CONTENT), final)).state is State.RECEIVED


@pytest.mark.parametrize("sent", [OTHER, CONTENT[:-1], CONTENT + b"more", b""])
async def test_other_bytes_than_the_deliverys_are_found_out_and_not_kept(final: Path, sent: bytes) -> None:
    outcome = await fetched(LossyIntake(sent), final)
    assert outcome.state is State.DIFFERS
    assert content_of(final) is None
    assert not part_of(final).exists()


async def test_other_bytes_do_not_replace_a_file(final: Path) -> None:
    write(final, b"an older one")
    assert (await fetched(LossyIntake(OTHER), final)).state is State.DIFFERS
    assert content_of(final) == b"an older one"


async def test_a_tag_that_lies_about_a_range_is_found_out(final: Path) -> None:
    part_of(final).write_bytes(CONTENT[:500_000])
    intake = LossyIntake(OTHER, etag=f'"{a_document(CONTENT).sha256}"')
    assert (await fetched(intake, final)).state is State.DIFFERS
    assert intake.asked == ["bytes=500000-", None]


@pytest.mark.parametrize(
    ("status", "kind", "state"),
    [
        (409, "document-not-scanned", State.NOT_SCANNED),
        (409, "document-infected", State.INFECTED),
        (404, "unknown-document", State.UNAVAILABLE),
        (401, "invalid-token", State.UNAVAILABLE),
    ],
)
async def test_a_refusal_is_told_in_the_services_words(final: Path, status: int, kind: str, state: State) -> None:
    intake = LossyIntake(CONTENT, problems=[(status, kind)])
    assert await fetched(intake, final) == Outcome(state, f"Refusée : {kind}.")
    assert len(intake.asked) == 1
    assert not part_of(final).exists()


async def test_a_refusal_leaves_what_was_there(final: Path) -> None:
    part_of(final).write_bytes(CONTENT[:500_000])
    await fetched(LossyIntake(CONTENT, problems=[(404, "unknown-document")]), final)
    assert part_of(final).read_bytes() == CONTENT[:500_000]


async def test_an_overloaded_service_is_asked_again(final: Path) -> None:
    assert (await fetched(LossyIntake(CONTENT, problems=[(503, "busy")]), final)).state is State.RECEIVED


async def test_a_service_that_is_away_is_unavailable(final: Path) -> None:
    async with httpx.AsyncClient() as client:
        connection = anybody("http://127.0.0.1:9")
        outcome = await download(client, connection, a_document(CONTENT), final, lambda _: None)
    assert outcome.state is State.UNAVAILABLE
    assert list(final.parent.iterdir()) == []


async def test_a_download_that_is_stopped_leaves_a_part_to_go_on_with(final: Path) -> None:
    intake = LossyIntake(CONTENT)
    arrived = asyncio.Event()

    def some(count: int) -> None:
        if count:
            arrived.set()

    async with listening(intake.app()) as url, httpx.AsyncClient() as client:
        connection = anybody(url)
        task = asyncio.create_task(download(client, connection, a_document(CONTENT), final, some))
        await arrived.wait()
        task.cancel()
        await asyncio.wait([task])
    assert task.cancelled()
    assert content_of(final) is None
    assert CONTENT.startswith(part_of(final).read_bytes())
    assert (await fetched(intake, final)).state is State.RECEIVED
