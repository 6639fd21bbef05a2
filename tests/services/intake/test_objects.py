"""A folder and an S3 store keep the same promises: all of an object or nothing, ranges, and nothing left below."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from chassis.errors import Unavailable
from deploy.local.ports import free_ports
from services.intake.objects import S3_PUTS_AT_ONCE, ObjectMissing, Objects, StoreFull
from tests.processes import until

# Above what one part of an S3 object is.
CONTENT = bytes(range(256)) * 48 * 1024
PIECE = 256 * 1024


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """A server that speaks S3, with a bucket."""
    (port,) = free_ports(1)
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    url = f"http://127.0.0.1:{port}"
    secret = {"aws_access_key_id": "tests", "aws_secret_access_key": "tests", "region_name": "eu-west-3"}
    boto3.client("s3", endpoint_url=url, **secret).create_bucket(
        Bucket="evidence", CreateBucketConfiguration={"LocationConstraint": "eu-west-3"}
    )
    yield url
    server.stop()


@pytest.fixture(params=["folder", "bucket"])
def objects(request: pytest.FixtureRequest) -> Objects:
    """Each kind, empty."""
    one: Objects = request.getfixturevalue(request.param)
    return one


@pytest.fixture
def folder(tmp_path: Path) -> Objects:
    return Objects((tmp_path / "des pièces").as_uri())


@pytest.fixture
def bucket(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Objects:
    for name, value in {
        "AWS_ENDPOINT_URL": s3,
        "AWS_ACCESS_KEY_ID": "tests",
        "AWS_SECRET_ACCESS_KEY": "tests",
        "AWS_REGION": "eu-west-3",
    }.items():
        monkeypatch.setenv(name, value)
    return Objects(f"s3://evidence/{tmp_path.name}")


async def pieces(content: bytes = CONTENT, fails: bool = False) -> AsyncIterator[bytes]:
    for start in range(0, len(content), PIECE):
        yield content[start : start + PIECE]
    if fails:
        raise LookupError


async def put(objects: Objects, key: str, content: bytes = CONTENT) -> None:
    await objects.put(key, pieces(content), chunk=PIECE)
    await objects.sync(key)


async def read(objects: Objects, key: str, start: int, stop: int) -> bytes:
    return b"".join([piece async for piece in objects.read(key, start, stop)])


async def test_what_was_put_is_read_back_from_any_byte(objects: Objects) -> None:
    await put(objects, "documents/a/1")
    for start, stop in ((0, len(CONTENT)), (1, 2), (5_000_000, 5_300_000), (len(CONTENT) - 1, len(CONTENT)), (7, 7)):
        assert await read(objects, "documents/a/1", start, stop) == CONTENT[start:stop]


async def test_what_fails_in_the_middle_is_not_there(objects: Objects) -> None:
    with pytest.raises(LookupError):
        await objects.put("documents/a/1", pieces(fails=True), chunk=PIECE)
    assert await objects.sizes("documents/a") == {}
    with pytest.raises(ObjectMissing):
        await read(objects, "documents/a/1", 0, 1)


async def test_what_is_below_a_prefix_is_listed_kept_and_removed(objects: Objects) -> None:
    for key in ("documents/a/2", "documents/a/1", "documents/a/3", "documents/ab/1"):
        await put(objects, key, key.encode())
    assert await objects.sizes("documents/a") == {f"documents/a/{number}": 13 for number in (1, 2, 3)}
    await objects.keep_only("documents/a", ["documents/a/2"])
    assert [*await objects.sizes("documents/a")] == ["documents/a/2"]
    await objects.remove("documents/a")
    await objects.remove("documents/a")
    await objects.discard("documents/a/2")
    assert await objects.sizes("documents/a") == {}
    assert [*await objects.sizes("documents/ab")] == ["documents/ab/1"]


async def test_of_many_that_are_put_on_s3_at_once_some_wait_until_another_has_ended(bucket: Objects) -> None:
    asked, ends = set(), [asyncio.Event() for _ in range(2 * S3_PUTS_AT_ONCE)]

    async def piece(number: int) -> AsyncIterator[bytes]:
        asked.add(number)
        await ends[number].wait()
        yield b"x"

    async def as_many_as_may() -> bool:
        return len(asked) >= S3_PUTS_AT_ONCE

    async with asyncio.TaskGroup() as group:
        putting = [
            group.create_task(bucket.put(f"documents/a/{number}", piece(number), chunk=PIECE))
            for number in range(len(ends))
        ]
        await until(as_many_as_may)
        ends[0].set()
        await putting[0]

        async def next_one() -> bool:
            return S3_PUTS_AT_ONCE in asked

        await until(next_one)
        assert len(asked) == S3_PUTS_AT_ONCE + 1
        for one in ends:
            one.set()
    assert len(await bucket.sizes("documents/a")) == len(ends)


async def test_a_store_that_does_not_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "tests")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "tests")
    with pytest.raises(Unavailable):
        await put(Objects("s3://evidence"), "documents/a/1")


async def test_a_full_disk_is_told_and_keeps_nothing(tmp_path: Path) -> None:
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", tmp_path], check=False)  # noqa: ASYNC221, S603, S607 - the test's own words
    if mounted.returncode:
        pytest.skip("this account may not mount")
    try:
        with pytest.raises(StoreFull):
            await put(Objects(tmp_path.as_uri()), "documents/a/1")
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []  # noqa: ASYNC240
    finally:
        subprocess.run(["umount", tmp_path], check=True)  # noqa: ASYNC221, S603, S607
