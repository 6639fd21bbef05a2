"""How a measure is taken: on a system of its own, in a folder that goes with it; else the command says why not."""

import shutil
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import httpx
import typer
import uvloop
from aiokafka.errors import KafkaError

from cli.bench_measures import System, Unmeasured
from cli.failures import FAILED, WRONG_USE, stop
from cli.until_stopped import until_stopped
from deploy.local.failures import StackError, WrongUseError
from deploy.local.folders import fresh_folder
from deploy.local.options import Options
from deploy.local.stack import Stack
from deploy.local.tokens import TokenMaker

JSON = typer.Option("--json", help="Écrit un document JSON au lieu du tableau.")
PORT_BASE = typer.Option(help="Premier port du système mesuré.")
BROKER = typer.Option(help="auto, apache (un nœud), apache:3 (trois nœuds) ou light.")

T = TypeVar("T")
Say = Callable[[str], None]
_INTERRUPTIONS = (httpx.HTTPError, KafkaError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, EOFError)


def taken(measure: Callable[[Path], Coroutine[Any, Any, T]]) -> T:
    """What it comes to; ends the command where that cannot be had."""
    folder = fresh_folder()
    try:
        found = uvloop.run(until_stopped(measure(folder)))
    except (StackError, Unmeasured) as failure:
        stop(WRONG_USE if isinstance(failure, WrongUseError) else FAILED, str(failure))
    except _INTERRUPTIONS as error:
        stop(FAILED, f"La mesure a été interrompue : une partie du système ne répond plus ({type(error).__name__}).")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if found is None:
        stop(FAILED, "Mesure abandonnée.")
    return found


@asynccontextmanager
async def started(options: Options, say: Say) -> AsyncIterator[System]:
    """A system that has nothing else to do. Raises StackError."""
    say("Démarrage du courtier, de la base, de l’émetteur de jetons et des services…")
    async with Stack(options, say=say) as stack:
        running = stack.describe()
        yield System(running, TokenMaker.open(stack.data / "issuer", running["issuer"]))
