"""What the object store does alone with the same bytes, in the same run; and with their SHA-256 beside."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import obstore
from obstore.store import LocalStore

from chassis.disk import sync
from cli.documents.film import Film

_MIB = 1024 * 1024


async def put(folder: Path, film: Film) -> float:
    """MiB a second, durable at the end."""
    return await _put(folder, film, film.pieces())


async def put_hashed(folder: Path, film: Film) -> float:
    """The same with the digest that every document has, by another thread."""
    digest = hashlib.sha256()
    loop = asyncio.get_running_loop()

    async def hashed(thread: ThreadPoolExecutor) -> AsyncIterator[bytes]:
        async for piece in film.pieces():
            hashing = loop.run_in_executor(thread, digest.update, piece)
            yield piece
            await hashing

    with ThreadPoolExecutor(1) as thread:
        return await _put(folder, film, hashed(thread))


async def _put(folder: Path, film: Film, pieces: AsyncIterator[bytes]) -> float:
    store = LocalStore(folder, mkdir=True)
    began = time.perf_counter()
    await obstore.put_async(store, "floor", pieces)
    await asyncio.to_thread(sync, folder / "floor", folder)
    return film.size / _MIB / (time.perf_counter() - began)


async def get(folder: Path, film: Film) -> float:
    """MiB a second of what was put last, which goes with it."""
    store = LocalStore(folder)
    began = time.perf_counter()
    found = await obstore.get_async(store, "floor")
    async for _ in found.stream(min_chunk_size=_MIB):
        pass
    taken = time.perf_counter() - began
    await obstore.delete_async(store, "floor")
    return film.size / _MIB / taken
