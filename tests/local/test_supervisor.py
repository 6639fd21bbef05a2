"""The supervisor with real processes, and no child that outlives its parent."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from deploy.local.child import Child
from deploy.local.failures import StackError
from deploy.local.readiness import until_ready
from deploy.local.server import Server
from deploy.local.supervisor import Supervisor
from tests.processes import until

PARENT = """
import asyncio, sys
from functools import partial
from pathlib import Path
from deploy.local.child import Child

async def main():
    child = Child.start("sleeper", ["sleep", "600"], log=Path(sys.argv[1]))
    print(child.pid, flush=True)
    await child.wait()

asyncio.run(main())
"""
WAITS = "import signal; print('up', flush=True); signal.pause()"
IGNORES = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)\nwhile True: signal.pause()"
)
NEVER_UP = "raise SystemExit('no such port')"


class Program(Server):
    """A few lines of Python, up once they have said so; each start and its end are noted in `ends`."""

    stop_limit = 1.0

    def __init__(self, name: str, code: str, folder: Path, ends: list[str] | None = None) -> None:
        super().__init__(name, folder / f"{name}.log")
        self.code = code
        self.starts = 0
        self.trouble: list[Exception] = []
        self._ends = [] if ends is None else ends

    async def start(self) -> None:
        self.starts += 1
        if self.trouble:
            raise self.trouble.pop()
        self.log.unlink(missing_ok=True)
        self.child = Child.start(self.name, [sys.executable, "-c", self.code], log=self.log)
        await until_ready(self.child, self._up(), limit=10)

    async def stop(self) -> None:
        await super().stop()
        self._ends.append(self.name)

    async def _up(self) -> None:
        await until(lambda: answer("up\n" in self.log.read_text()))


class Told:
    """What the supervisor said and how often something changed."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.changes = 0
        self.supervisor = Supervisor(self.lines.append, self._change)
        self.supervisor.add_layer()

    async def changed_times(self, count: int) -> bool:
        return self.changes == count

    def _change(self) -> None:
        self.changes += 1


@pytest.fixture
async def told() -> AsyncIterator[Told]:
    made = Told()
    yield made
    await made.supervisor.stop()


async def test_what_is_killed_is_started_again_and_it_says_so(told: Told, folder: Path) -> None:
    program = Program("query", WAITS, folder)
    await told.supervisor.start(program)
    first = program.pid
    await program.kill()
    await until(lambda: answer(told.changes == 1))
    assert program.pid != first
    assert told.lines == [
        "query s’est arrêté (signal SIGKILL) ; nouveau démarrage dans 0,2 s.",
        "query a redémarré.",
    ]


async def test_what_keeps_dying_is_started_less_and_less_often(told: Told, folder: Path) -> None:
    program = Program("query", WAITS, folder)
    await told.supervisor.start(program)
    for count in (1, 2, 3):
        await program.kill()
        await until(partial(told.changed_times, count))
    delays = [line.rpartition(" dans ")[2] for line in told.lines if "nouveau démarrage" in line]
    assert delays == ["0,2 s.", "0,4 s.", "0,8 s."]


async def test_what_does_not_start_again_is_tried_again(told: Told, folder: Path) -> None:
    program = Program("query", WAITS, folder)
    await told.supervisor.start(program)
    program.code = NEVER_UP
    await program.kill()
    await until(lambda: answer(any("n’a pas redémarré" in line for line in told.lines)))
    program.code = WAITS
    await until(lambda: answer(told.lines[-1] == "query a redémarré."))


async def test_a_start_that_fails_as_nobody_foresaw_is_tried_again(told: Told, folder: Path) -> None:
    program = Program("query", WAITS, folder)
    await told.supervisor.start(program)
    program.trouble = [RuntimeError("never seen"), RuntimeError()]
    await program.kill()
    await until(lambda: answer(told.lines[-1:] == ["query a redémarré."]))
    assert [line.split(" ; ")[0] for line in told.lines if "n’a pas redémarré" in line] == [
        "query n’a pas redémarré : RuntimeError",
        "query n’a pas redémarré : never seen",
    ]


async def test_what_cannot_be_started_the_first_time_is_an_error_with_its_last_words(told: Told, folder: Path) -> None:
    with pytest.raises(StackError, match="no such port"):
        await told.supervisor.start(Program("query", NEVER_UP, folder))


async def test_layers_are_stopped_in_the_opposite_order(told: Told, folder: Path) -> None:
    ends: list[str] = []
    await told.supervisor.start(Program("postgres", WAITS, folder, ends))
    told.supervisor.add_layer()
    await told.supervisor.start(Program("intake", WAITS, folder, ends))
    await told.supervisor.start(Program("query", WAITS, folder, ends))
    await told.supervisor.stop()
    assert ends[-1] == "postgres"
    assert sorted(ends[:-1]) == ["intake", "query"]
    assert told.lines == []


async def test_what_ignores_the_request_to_end_is_killed_after_its_limit(told: Told, folder: Path) -> None:
    program = Program("stubborn", IGNORES, folder)
    await told.supervisor.start(program)
    await told.supervisor.stop()
    assert await program.wait() == -signal.SIGKILL


async def test_a_hurried_stop_waits_for_nothing(told: Told, folder: Path) -> None:
    program = Program("stubborn", IGNORES, folder)
    program.stop_limit = 60.0  # type: ignore[misc]  # a limit of this one alone
    await told.supervisor.start(program)
    stopping = asyncio.create_task(told.supervisor.stop())
    told.supervisor.kill()
    await asyncio.wait_for(stopping, 30)


async def test_a_child_does_not_outlive_a_parent_that_is_killed(folder: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, folder / "sleeper.log", stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    assert is_running(child)
    parent.kill()
    await parent.wait()
    await until(lambda: answer(not is_running(child)), seconds=30)


async def test_a_program_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(StackError, match="/nowhere/program"):
        Child.start("query", ["/nowhere/program"], log=folder / "query.log")


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def answer(value: bool) -> bool:
    return value
