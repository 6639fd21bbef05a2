"""The whole stack, services aside, which are stand-ins: real broker, database, issuer and processes."""

import asyncio
import json
import os
import shutil
import signal
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from deploy.local.data_folder import DataFolder
from deploy.local.failures import StackError
from deploy.local.options import SERVICES
from deploy.local.run_file import read_run_file
from tests.local.accounts import ORDINARY, ordinary_environment, ordinary_python
from tests.processes import ROOT, until

UP = Path(__file__).with_name("run_up.py")


class Run:
    """`infoparquet up` in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process, data: Path) -> None:
        self.process = process
        self.data = data

    async def ready(self) -> dict[str, Any]:
        """The run file, once it is there."""

        async def look() -> dict[str, Any]:
            assert self.process.returncode is None, await self.said()
            try:
                return read_run_file(self.data)
            except StackError:
                return {}

        return await until(look, seconds=90)

    async def says(self, *words: str) -> str:
        """What it goes on to say, up to where each of these was in it."""
        assert self.process.stderr is not None
        said = ""
        async with asyncio.timeout(90):
            while not all(word in said for word in words):
                line = await self.process.stderr.readline()
                assert line, f"it ended: {said}"
                said += line.decode()
        return said

    async def said(self) -> str:
        """All the rest that it said, once it has ended."""
        assert self.process.stderr is not None
        said = await self.process.stderr.read()
        await self.process.wait()
        return said.decode()


@asynccontextmanager
async def an_up(
    folder: Path,
    port_base: int,
    broker: str = "light",
    services: str = "intake,query",
    python: str = sys.executable,
    account: str | None = None,
    **environment: str,
) -> AsyncIterator[Run]:
    process = await asyncio.create_subprocess_exec(
        python,
        UP,
        folder / "data",
        str(port_base),
        broker,
        services,
        cwd=ROOT,
        env=os.environ | {"STANDIN_ENDS": str(folder / "ends")} | environment,
        stderr=asyncio.subprocess.PIPE,
        user=account,
        extra_groups=[] if account else None,
    )
    try:
        yield Run(process, folder / "data")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def starts_of(url: str) -> dict[str, Any]:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer: dict[str, Any] = (await client.get(url)).json()
        return answer


def pids_in(run: dict[str, Any]) -> list[int]:
    services = [pid for service in run["services"].values() for pid in service["pids"]]
    return [run["postgres"]["pid"], *(node["pid"] for node in run["nodes"]), *services]


def owners_of(pids: list[int]) -> set[str]:
    return {Path(f"/proc/{pid}").owner() for pid in pids}


def running_in(folder: Path) -> dict[int, str]:
    """Processes that were started for it: what they run or where they stand names the folder."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words, place = (
                (process / "cmdline").read_bytes().decode(errors="replace"),
                str((process / "cwd").readlink()),
            )
            environment = (process / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(folder) in words + place + environment and int(process.name) != os.getpid():
            found[int(process.name)] = words.replace("\0", " ")
    return found


async def test_everything_is_ready_on_apache_kafka_and_the_run_file_says_where(folder: Path, port_base: int) -> None:
    async with an_up(folder, port_base, "apache", ",".join(SERVICES)) as up:
        run = await up.ready()
        assert (run["pid"], run["broker"], run["kafka"]) == (up.process.pid, "apache", f"127.0.0.1:{port_base + 90}")
        assert list(run["services"]) == ["intake", "numbering", "routing", "notify", "query"]
        assert run["services"]["query"]["url"] == f"http://127.0.0.1:{port_base + 5}"
        assert stat.S_IMODE((up.data / "run.json").stat().st_mode) == 0o600
        assert set(pids_in(run)) <= running_in(folder).keys()
        keys = await starts_of(f"{run['issuer']}/jwks.json")
        token = jwt.decode(
            run["tokens"]["tribunal:tj33063"], KeySet.import_key_set({"keys": keys["keys"]}), algorithms=["ES256"]
        )
        assert token.claims["organisation"] == "tribunal:tj33063"

        up.process.send_signal(signal.SIGTERM)
        assert await up.process.wait() == 0, await up.said()
        assert sorted((folder / "ends").read_text().split()) == ["intake", "notify", "numbering", "query", "routing"]
        assert not (up.data / "run.json").exists()
        assert running_in(folder) == {}


async def test_each_service_is_told_where_everything_is_and_has_its_own_secrets(folder: Path, port_base: int) -> None:
    async with an_up(folder, port_base) as up:
        run = await up.ready()
        told = {name: (await starts_of(one["url"]))["settings"] for name, one in run["services"].items()}
    assert (
        told["intake"]
        | {
            "INFOPARQUET_LISTEN": f"127.0.0.1:{port_base + 1}",
            "INFOPARQUET_KAFKA_BOOTSTRAP": run["kafka"],
            "INFOPARQUET_DATABASE_URL": run["services"]["intake"]["database"],
            "INFOPARQUET_OBJECT_STORE_URL": (up.data / "objects").as_uri(),
            "INFOPARQUET_OIDC_ISSUER": run["issuer"],
            "INFOPARQUET_OIDC_AUDIENCE": "infoparquet",
            "INFOPARQUET_CLIENT_ID": "service.intake",
            "INFOPARQUET_INTAKE_URL": f"http://127.0.0.1:{port_base + 1}",
            "INFOPARQUET_NUMBERING_URL": f"http://127.0.0.1:{port_base + 2}",
            "INFOPARQUET_ROUTING_URL": f"http://127.0.0.1:{port_base + 3}",
            "INFOPARQUET_NOTIFY_URL": f"http://127.0.0.1:{port_base + 4}",
        }
        == told["intake"]
    )
    for secret in ("INFOPARQUET_DATABASE_URL", "INFOPARQUET_CLIENT_SECRET"):
        assert len({settings[secret] for settings in told.values()}) == len(told)


async def test_what_was_kept_is_found_again_after_kill_9_of_everything(folder: Path, port_base: int) -> None:
    async with an_up(folder, port_base, "apache", "query") as up:
        first = await up.ready()
        before = running_in(folder)
        assert set(pids_in(first)) <= before.keys()
        up.process.kill()
        await until(lambda: nothing_runs_in(folder), seconds=30, what="all its processes to end")
        assert (up.data / "run.json").exists()
        await until(lambda: nothing_is_found_in(up.data), seconds=30, what="the run file not to be believed")
    async with an_up(folder, port_base, "apache", "query") as up:
        again = await up.ready()
        assert (await starts_of(again["services"]["query"]["url"]))["starts"] == 2
        assert again["services"]["query"]["database"] == first["services"]["query"]["database"]


async def test_what_dies_is_started_again_and_the_run_file_stays_true(folder: Path, port_base: int) -> None:
    async with an_up(folder, port_base) as up:
        run = await up.ready()
        for dead in (run["services"]["query"]["pids"][0], run["postgres"]["pid"], run["nodes"][0]["pid"]):
            os.kill(dead, signal.SIGKILL)
        names = ("query", "postgres", "kafka")
        said = await up.says(*(f"{name} a redémarré." for name in names))

        async def others_run() -> bool:
            now = set(pids_in(read_run_file(up.data)))
            return len(now - set(pids_in(run))) == 3 and now <= running_in(folder).keys()

        async def query_answers() -> bool:
            try:
                return bool((await starts_of(run["services"]["query"]["url"]))["starts"] == 2)
            except httpx.TransportError:
                return False

        await until(query_answers)
        await until(others_run)
        again = read_run_file(up.data)
        connection = await asyncpg.connect(again["services"]["intake"]["database"])
        await connection.close()
        up.process.terminate()
        said += await up.said()
    for name in names:
        assert f"{name} s’est arrêté (signal SIGKILL) ; nouveau démarrage dans 0,2 s." in said
        assert f"{name} a redémarré." in said


@pytest.mark.usefixtures("as_root")
async def test_an_ordinary_user_runs_everything_under_their_own_account(folder: Path, port_base: int) -> None:
    shutil.chown(folder, ORDINARY)
    python, environment = ordinary_python(), ordinary_environment()
    async with an_up(folder, port_base, "light", "query", python, ORDINARY, **environment) as up:
        run = await up.ready()
        assert owners_of(pids_in(run)) == {ORDINARY}
        up.process.terminate()
        assert await up.process.wait() == 0, await up.said()


async def test_a_folder_in_use_is_refused_with_who_uses_it(folder: Path, port_base: int) -> None:
    async with an_up(folder, port_base) as first:
        run = await first.ready()
        async with an_up(folder, port_base + 100) as second:
            said = await second.said()
        assert second.process.returncode == 1
        assert f"Le dossier {first.data} est utilisé par une autre exécution" in said
        assert f"processus {first.process.pid}," in said
        assert "--data" in said
        assert read_run_file(first.data) == run, "the first one is not disturbed"


async def test_a_port_that_is_taken_is_named_with_the_option_that_changes_it(folder: Path, port_base: int) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", port_base + 11), an_up(folder, port_base) as up:
        said = await up.said()
    assert up.process.returncode == 1
    assert f"Port déjà pris : {port_base + 11} (PostgreSQL)" in said
    assert "--port-base" in said


async def test_a_migration_that_fails_stops_everything_with_its_last_words(folder: Path, port_base: int) -> None:
    async with an_up(folder, port_base, STANDIN_FAILS="query") as up:
        said = await up.said()
    assert up.process.returncode == 1
    assert "La mise à jour des bases (migrate) n’a pas abouti" in said
    assert "query cannot migrate" in said
    assert running_in(folder) == {}


async def test_interrupting_the_start_leaves_nothing(folder: Path, port_base: int) -> None:
    async with an_up(folder, port_base) as up:
        await until(lambda: some_run_in(folder / "data" / "postgres"))
        up.process.send_signal(signal.SIGINT)
        assert await up.process.wait() == 0, await up.said()
    assert running_in(folder) == {}


async def test_data_begun_on_one_kind_of_broker_is_not_mixed_with_another(folder: Path, port_base: int) -> None:
    (folder / "data" / "light" / "data").mkdir(parents=True)
    async with an_up(folder, port_base, "apache") as up:
        said = await up.said()
    assert up.process.returncode == 1
    assert "commencé avec le courtier light" in said


async def test_without_a_way_to_fetch_kafka_the_light_broker_stands_in_and_it_says_so(
    folder: Path, port_base: int
) -> None:
    nowhere = {
        "XDG_CACHE_HOME": str(folder / "cache"),
        "M2_REPO": str(folder / "empty"),
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "PATH": "/nowhere",
    }
    async with an_up(folder, port_base, "auto", "query", **nowhere) as up:
        assert (await up.ready())["broker"] == "light"
        up.process.terminate()
        assert "un kill -9 y perd la dernière seconde" in await up.said()


async def test_the_run_file_of_a_killed_run_is_not_believed_while_the_next_one_starts(folder: Path) -> None:
    ended = await asyncio.create_subprocess_exec("/bin/true")
    await ended.wait()
    (folder / "run.json").write_text(json.dumps({"pid": ended.pid}))
    next_run = DataFolder(folder)
    await next_run.hold()
    with pytest.raises(StackError, match="Aucun système prêt"):
        read_run_file(folder)
    next_run.release()


def test_the_run_file_of_nobody_says_what_to_do(folder: Path) -> None:
    (folder / "run.json").write_text(json.dumps({"pid": 1}))
    with pytest.raises(StackError, match="infoparquet up"):
        read_run_file(folder)


async def nothing_runs_in(folder: Path) -> bool:
    return not running_in(folder)


async def nothing_is_found_in(data: Path) -> bool:
    try:
        read_run_file(data)
    except StackError:
        return True
    return False


async def some_run_in(folder: Path) -> bool:
    return bool(running_in(folder))
