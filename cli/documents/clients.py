"""An administration that sends a film, in one request or through a line that is cut again and again, and reads it."""

import hashlib
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx

from cli.bench_measures import System, Unmeasured
from cli.documents.film import Film
from services.intake import repr_digest

_MIB = 1024 * 1024
ADMINISTRATION = "administration:bench-documents"
RANGE = 64 * _MIB
_TUS = {"Tus-Resumable": "1.0.0"}
_TYPE = {"Content-Type": "application/octet-stream"}
_LIMIT_SECONDS = 300.0


class _Cut(Exception):  # noqa: N818 - not an error: it is what is measured
    """The line is cut here."""


@dataclass(frozen=True)
class Client:
    """Of intake."""

    system: System
    film: Film

    async def post(self) -> tuple[str, float]:
        """In one request; the document's id, and MiB a second. Raises Unmeasured."""
        headers = self._headers() | _TYPE | {"Content-Length": str(self.film.size)}
        began = time.perf_counter()
        async with self._client() as client:
            answer = await client.post("/v1/documents", content=self.film.pieces(), headers=headers)
        if answer.status_code != httpx.codes.CREATED:
            raise Unmeasured(f"La pièce a été refusée ({answer.status_code}) : {answer.text}")
        if answer.json()["sha256"] != self.film.sha256.hex():
            raise Unmeasured("La pièce gardée n’est pas celle qui a été envoyée.")
        return answer.json()["id"], self._speed(began)

    async def upload(self, interruptions: int) -> tuple[str, float]:
        """By tus, cut as often at places drawn by lot; the same. Raises Unmeasured."""
        places = random.Random(interruptions)  # noqa: S311 - no secret
        cuts = sorted(places.randrange(self.film.size) for _ in range(interruptions))
        told = {"Upload-Length": str(self.film.size), "Repr-Digest": repr_digest.written(self.film.sha256.hex())}
        began = time.perf_counter()
        async with self._client() as client:
            begun = await client.post("/v1/uploads", headers=self._headers() | _TUS | told)
            where = begun.raise_for_status().headers["location"]
            for cut in [*cuts, None]:
                await self._go_on(client, where, cut)
            if await self._offset(client, where) != self.film.size:
                raise Unmeasured("L’envoi n’est pas arrivé à son terme.")
        return where.rpartition("/")[2], self._speed(began)

    async def read(self, document: str) -> float:
        """By ranges; MiB a second. Raises Unmeasured for any other byte."""
        digest, began = hashlib.sha256(), time.perf_counter()
        async with self._client() as client:
            for start in range(0, self.film.size, RANGE):
                span = {"Range": f"bytes={start}-{start + RANGE - 1}"}
                request = client.stream("GET", f"/v1/documents/{document}", headers=self._headers() | span)
                async with request as answer:
                    if answer.status_code != httpx.codes.PARTIAL_CONTENT:
                        raise Unmeasured(f"La plage a été refusée ({answer.status_code}).")
                    async for piece in answer.aiter_raw():
                        digest.update(piece)
        if digest.digest() != self.film.sha256:
            raise Unmeasured("La pièce lue n’est pas celle qui a été envoyée.")
        return self._speed(began)

    async def _go_on(self, client: httpx.AsyncClient, where: str, cut: int | None) -> None:
        """From where it is, up to a cut or the end; one that is behind already is passed over."""
        while True:
            at = await self._offset(client, where)
            if cut is not None and cut <= at:
                return
            told = {
                "Upload-Offset": str(at),
                "Content-Type": "application/offset+octet-stream",
                "Content-Length": str(self.film.size - at),
            }
            try:
                body = self._until(at, cut)
                answer = await client.patch(where, content=body, headers=self._headers() | _TUS | told)
            except _Cut:
                return
            except httpx.TransportError:
                # What was cut before is counted only now: refused in the middle, it looks like a cut to this client.
                continue
            if answer.status_code != httpx.codes.CONFLICT:
                answer.raise_for_status()
                return

    async def _until(self, start: int, cut: int | None) -> AsyncIterator[bytes]:
        async for piece in self.film.pieces(start, cut):
            yield piece
        if cut is not None:
            raise _Cut

    async def _offset(self, client: httpx.AsyncClient, where: str) -> int:
        answer = await client.head(where, headers=self._headers() | _TUS)
        return int(answer.raise_for_status().headers["upload-offset"])

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.system.url("intake"), timeout=_LIMIT_SECONDS, trust_env=False)

    def _headers(self) -> dict[str, str]:
        return self.system.headers(ADMINISTRATION)

    def _speed(self, began: float) -> float:
        return self.film.size / _MIB / (time.perf_counter() - began)
