"""`infoparquet send`: posts a file of procedures through the intake API, as often as one likes.

Each line has an idempotency key, its own or one drawn from its content, so that running again makes nothing twice.
"""

import contextlib
import hashlib
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
import rfc8785
import typer

from cli.failures import FAILED, WRONG_USE, stop
from cli.session import DEFAULT_DATA, Connection, DataOption, TokenOption, UrlOption, connect
from cli.spreadsheet import COLUMNS, WrongColumns, read_rows

CHUNK_LINES, CHUNK_BYTES = 500, 4 * 1024 * 1024
LIMIT_SECONDS = 120.0
TRIES, FIRST_WAIT = 6, 0.5
_ACCEPTED, _IN_FLIGHT = 202, 409
_UNAVAILABLE = (502, 503, 504)

_HELP = (
    "Dépose les procédures d’un fichier, par lots. Relancer la commande ne dépose rien deux fois.\n\n"
    "NDJSON : une procédure par ligne, telle que POST /v1/procedures la reçoit, avec ou sans « idempotency_key ».\n\n"
    "CSV (extension .csv, virgules ou points-virgules), colonnes : "
    + " ; ".join(f"{name} ({meaning})" for name, meaning in COLUMNS.items())
    + "."
)


@dataclass(frozen=True, slots=True)
class Item:
    """A line to send: its number in the file, and what goes on the wire."""

    line: int
    body: bytes


class Unsent(Exception):  # noqa: N818 - why, in French, is its message
    """The file could not be sent to its end."""


def send(
    file: Annotated[Path, typer.Argument(metavar="FICHIER", help="Fichier NDJSON ou CSV.")],
    data: DataOption = DEFAULT_DATA,
    url: UrlOption = None,
    token: TokenOption = None,
    organisation: Annotated[
        str, typer.Option("--as", help="Administration qui dépose, parmi les jetons du système lancé.")
    ] = "administration:dreal-33",
    as_json: Annotated[bool, typer.Option("--json", help="N’écrit que les résultats, en NDJSON.")] = False,
) -> None:
    connection = connect(data, url, token, organisation)
    refused = sent = 0
    try:
        total, items = read(file)
        with (
            httpx.Client(base_url=connection.address("intake"), timeout=LIMIT_SECONDS) as client,
            _bar(total) as advance,
        ):
            for chunk in chunks(items):
                for result in settle(client, connection, chunk):
                    sent += 1
                    refused += result["status"] != _ACCEPTED
                    _tell(result, as_json=as_json)
                advance(len(chunk))
    except WrongColumns as error:
        stop(WRONG_USE, str(error))
    except OSError as error:
        stop(WRONG_USE, f"Fichier illisible : {file} ({error.strerror}).")
    except Unsent as error:
        stop(FAILED, f"{error} {sent} lignes traitées ; relancez la même commande, rien ne sera déposé deux fois.")
    if not as_json:
        typer.echo(f"Procédures déposées : {sent - refused} ; lignes refusées : {refused}.")
    if refused:
        raise typer.Exit(FAILED)


send.__doc__ = _HELP


def read(file: Path) -> tuple[int, Iterator[Item]]:
    """How many lines a file has, and the lines, blank ones left out. Raises OSError, WrongColumns."""
    if file.suffix.lower() == ".csv":
        rows = list(read_rows(file.read_bytes()))
        return len(rows), (Item(line, _with_key(json.dumps(body, ensure_ascii=False).encode())) for line, body in rows)
    with file.open("rb") as lines:
        count = sum(1 for line in lines if line.strip())
    return count, _lines(file)


def _lines(file: Path) -> Iterator[Item]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            text = line.removeprefix(b"\xef\xbb\xbf").strip()
            if text:
                yield Item(number, _with_key(text))


def _with_key(line: bytes) -> bytes:
    """The line with a key; as it is where it is no object, for intake to say what is wrong with it."""
    try:
        body = json.loads(line)
        if not isinstance(body, dict) or not body or "idempotency_key" in body:
            return line
        key = hashlib.sha256(rfc8785.dumps(body)).hexdigest()
    except (ValueError, RecursionError, rfc8785.CanonicalizationError):
        return line
    # Added to the text, so that everything else goes as it was written.
    return line[:-1] + b',"idempotency_key":"' + key.encode() + b'"}'


def chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """As many lines as go in one request."""
    chunk: list[Item] = []
    size = 0
    for item in items:
        if chunk and (len(chunk) == CHUNK_LINES or size + len(item.body) > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(item)
        size += len(item.body)
    if chunk:
        yield chunk


def settle(client: httpx.Client, connection: Connection, chunk: Sequence[Item]) -> list[dict[str, Any]]:
    """Each line's result, with its number in the file; one that was in flight elsewhere is asked again."""
    results = _post(client, connection, chunk)
    for again in range(TRIES):
        waiting = [item for item in chunk if results[item.line]["status"] == _IN_FLIGHT]
        if not waiting:
            break
        time.sleep(FIRST_WAIT * 2**again)
        results |= _post(client, connection, waiting)
    return [results[item.line] for item in chunk]


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


@contextlib.contextmanager
def _bar(total: int) -> Iterator[Any]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("Dépôt"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=total)
        yield lambda count: progress.advance(task, count)


def _tell(result: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    for error in result.get("errors", []):
        where = f" {error['pointer']}" if error["pointer"] else ""
        hint = f" (peut-être {', '.join(error['suggestions'])})" if error.get("suggestions") else ""
        print(f"Ligne {result['line']}{where} : {error['detail']}{hint}", file=sys.stderr)
