"""Waiting for a child to be ready, never longer than it lives."""

import asyncio
from collections.abc import Coroutine, Sequence

from deploy.local.child import Child
from deploy.local.failures import StackError

POLL = 0.02


async def until_ready(
    child: Child, ready: Coroutine[object, object, None], *, limit: float, saying: Sequence[str] = ()
) -> None:
    """Answers once `ready` does. Raises StackError, the child killed, when it ends before or `limit` seconds pass.

    What is in `saying` by then tells why it is not ready.
    """
    waiting = asyncio.create_task(ready)
    ended = asyncio.create_task(child.wait())
    try:
        done, _ = await asyncio.wait({waiting, ended}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        if waiting in done and ended not in done:
            return await waiting
    except BaseException:
        await child.kill()
        raise
    finally:
        waiting.cancel()
        ended.cancel()
        await asyncio.gather(waiting, ended, return_exceptions=True)
    if ended in done:
        raise not_started(child, f"le processus s’est arrêté (code {ended.result()})")
    await child.kill()
    raise not_started(child, " : ".join([f"toujours pas prêt après {limit:g} s", *saying]))


def not_started(child: Child, why: str) -> StackError:
    """What to tell of a child that did not start."""
    words = child.last_words()
    return StackError(
        f"{child.name} n’a pas démarré",
        why=f"{why}\n{words}" if words else why,
        remedy=f"Le détail est dans {child.log}.",
    )


async def when_listening(port: int) -> None:
    """Answers once something accepts connections on that port of 127.0.0.1."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(POLL)
        else:
            writer.close()
            return
