"""Posts lines to intake as one request, and again where it did not answer: by their keys nothing is made twice."""

import contextlib
import json
import time
from collections.abc import Sequence
from typing import Any

import httpx

from cli.failures import Unsent
from cli.send_lines import Item
from cli.session import Connection

TRIES, FIRST_WAIT = 6, 0.5
_IN_FLIGHT = 409
_UNAVAILABLE = (502, 503, 504)


def settle(client: httpx.Client, connection: Connection, chunk: Sequence[Item]) -> dict[int, dict[str, Any]]:
    """Each line's result, by its number in the file; one that was in flight elsewhere is asked again."""
    results = _post(client, connection, chunk)
    for again in range(TRIES):
        waiting = [item for item in chunk if results[item.line]["status"] == _IN_FLIGHT]
        if not waiting:
            break
        time.sleep(FIRST_WAIT * 2**again)
        results |= _post(client, connection, waiting)
    return results


def _post(client: httpx.Client, connection: Connection, chunk: Sequence[Item]) -> dict[int, dict[str, Any]]:
    body = b"\n".join(item.body for item in chunk)
    for again in range(TRIES):
        headers = {**connection.bearer(), "Content-Type": "application/x-ndjson"}
        with contextlib.suppress(httpx.TransportError):
            answer = client.post("/v1/procedures:batch", content=body, headers=headers)
            if answer.status_code not in _UNAVAILABLE:
                return _results(answer, chunk)
        if again < TRIES - 1:
            time.sleep(FIRST_WAIT * 2**again)
    raise Unsent(f"Le dépôt ne répond pas ({client.base_url}).")


def _results(answer: httpx.Response, chunk: Sequence[Item]) -> dict[int, dict[str, Any]]:
    if answer.status_code != httpx.codes.OK:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            raise Unsent(f"Le dépôt refuse la demande : {answer.json()['detail']}")
        raise Unsent(f"Le dépôt répond {answer.status_code}.")
    results = [json.loads(line) for line in answer.iter_lines() if line]
    if [one["line"] for one in results] != list(range(1, len(chunk) + 1)):
        raise Unsent("La réponse du dépôt est incomplète.")
    return {item.line: result | {"line": item.line} for item, result in zip(chunk, results, strict=True)}
