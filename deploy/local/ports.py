"""The ports of 127.0.0.1: which are free, and who would be told when one is not."""

import asyncio
import socket
import time
from collections.abc import Mapping
from contextlib import ExitStack

from deploy.local.failures import StackError

_GRACE = 2.0


def free_ports(count: int) -> list[int]:
    """So many different ports that nothing listened on a moment ago."""
    with ExitStack() as opened:
        sockets = [opened.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in sockets]


def is_free(port: int) -> bool:
    """Whether a server could listen on it now."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


async def refuse_taken(wanted: Mapping[int, str]) -> None:
    """Raises StackError naming a port that stays taken; `wanted` says what each is for."""
    # A run that was killed a moment ago may not have let go of them yet.
    deadline = time.monotonic() + _GRACE
    while taken := [port for port in wanted if not is_free(port)]:
        if time.monotonic() > deadline:
            named = ", ".join(f"{port} ({wanted[port]})" for port in taken)
            raise StackError(
                f"Port déjà pris : {named}",
                why="un autre programme l’écoute sur 127.0.0.1",
                remedy="Arrêter ce programme, ou choisir d’autres ports par --port-base, par exemple --port-base 8300.",
            )
        await asyncio.sleep(0.1)
