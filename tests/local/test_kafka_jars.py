"""Kafka's jars: the locked ones, fetched once, whole or not at all."""

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest

from deploy.local.failures import NotFetchedError
from deploy.local.java import Java, find_java
from deploy.local.kafka_jars import Jar, kafka_folder, locked_jars, locked_version

FETCH = """
import asyncio, sys
from pathlib import Path
from deploy.local.kafka_jars import kafka_folder
print(asyncio.run(kafka_folder(Path(sys.argv[1]), print)))
"""


@pytest.fixture
async def repository(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Maven repository on this machine with the locked jars, an empty cache, and no way out to another."""
    known = await kafka_folder(folder, print)
    local = folder / "repository"
    for jar in locked_jars():
        place = local.joinpath(*jar.group.split("."), jar.artifact, jar.version)
        place.mkdir(parents=True)
        (place / jar.name).symlink_to(known / "jars" / jar.name)
    monkeypatch.setenv("M2_REPO", str(local))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("PATH", "/nowhere")
    return local


def file_in(repository: Path, jar: Jar) -> Path:
    return repository.joinpath(*jar.group.split("."), jar.artifact, jar.version, jar.name)


async def test_two_runs_at_once_fetch_one_whole_set(repository: Path, folder: Path) -> None:
    runs = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", FETCH, folder / "beside", stdout=asyncio.subprocess.PIPE
        )
        for _ in range(2)
    ]
    answers = [(await run.communicate())[0].decode().splitlines() for run in runs]
    kept = folder / "cache" / "infoparquet" / f"kafka-{locked_version(locked_jars())}"
    assert [answer[-1] for answer in answers] == [str(kept), str(kept)]
    assert sorted(len(answer) for answer in answers) == [1, 2], "only one says that it fetches"
    assert {path.name for path in (kept / "jars").iterdir()} == {jar.name for jar in locked_jars()}


async def test_a_jar_that_was_changed_in_the_cache_is_fetched_again(repository: Path, folder: Path) -> None:
    kept = await kafka_folder(folder / "beside", print)
    changed = locked_jars()[0]
    (kept / "jars" / changed.name).write_bytes(b"something else")
    await kafka_folder(folder / "beside", print)
    assert changed.is_at(kept / "jars" / changed.name)


async def test_a_jar_with_another_digest_is_refused_and_nothing_is_kept(repository: Path, folder: Path) -> None:
    forged = file_in(repository, locked_jars()[0])
    forged.unlink()
    forged.write_bytes(b"something else")
    with pytest.raises(NotFetchedError):
        await kafka_folder(folder / "beside", print)
    assert forged.read_bytes() == b"something else", "the user's own repository is left alone"
    assert not list((folder / "cache" / "infoparquet").glob("**/*.jar"))


async def test_what_cannot_be_fetched_says_what_why_and_what_to_do(
    folder: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("M2_REPO", str(folder / "empty"))
    with pytest.raises(NotFetchedError) as refused:
        await kafka_folder(folder / "beside", print)
    assert "Apache Kafka n’a pas pu être téléchargé" in str(refused.value)
    assert any(jar.name in refused.value.why for jar in locked_jars())
    assert "--broker light" in refused.value.remedy


async def test_jars_are_kept_beside_the_data_where_the_home_cannot_be_written(
    repository: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "file"))
    assert (await kafka_folder(folder / "beside", print)).parent == folder / "beside"


async def test_a_cache_that_is_complete_needs_not_be_writable(repository: Path, folder: Path) -> None:
    kept = await kafka_folder(folder / "beside", print)
    shutil.rmtree(repository)
    assert await kafka_folder(folder / "beside", print) == kept


def test_java_comes_with_the_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    java = find_java()
    assert java.major >= 25
    assert os.access(java.program, os.X_OK)


def test_a_version_without_dots_has_a_major_number() -> None:
    assert Java(Path("java"), "17").major == 17
