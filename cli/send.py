"""`infoparquet send`: posts a file of procedures through the intake API, and the files it names, as often as one likes.

Each line has an idempotency key, its own or one drawn from its content, so that running again makes nothing twice.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from cli.failures import FAILED, WRONG_USE, Unsent, stop
from cli.send_batch import settle
from cli.send_files import Advance, enclose
from cli.send_lines import Item, chunks, read
from cli.session import DEFAULT_DATA, Connection, DataOption, TokenOption, UrlOption, connect
from cli.spreadsheet import COLUMNS, WrongColumns

LIMIT_SECONDS = 120.0
_ACCEPTED = 202

_HELP = (
    "Dépose les procédures d’un fichier, par lots, avec leurs pièces. Relancer la commande ne dépose rien deux fois."
    "\n\nNDJSON : une procédure par ligne, telle que POST /v1/procedures la reçoit, avec ou sans « idempotency_key »."
    "\n\nPièces : « files », liste de chemins relatifs au dossier du fichier, sans « .. » ni lien qui en sorte ; 1 Gio "
    "au plus par pièce, 200 pièces par procédure. Elles sont envoyées avant leur procédure et ajoutées, dans l’ordre, "
    "à ses « documents ». Un envoi coupé reprend où il en était, aussi quand la commande est relancée ; une pièce qui "
    "ne peut pas être envoyée n’arrête que sa ligne."
    "\n\nCSV (extension .csv, virgules ou points-virgules), colonnes : "
    + " ; ".join(f"{name} ({meaning})" for name, meaning in COLUMNS.items())
    + "."
)


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
    from cli.send_bars import bars

    connection = connect(data, url, token, organisation)
    refused = sent = 0
    try:
        amount, items = read(file)
        with bars(amount) as (advance, advance_bytes):
            for result in _results(connection, items, advance, advance_bytes):
                sent += 1
                refused += result["status"] != _ACCEPTED
                _tell(result, as_json=as_json)
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


def _results(
    connection: Connection, items: Iterator[Item], advance: Advance, advance_bytes: Advance
) -> Iterator[dict[str, Any]]:
    """What became of each line, in order: its files first, then itself."""
    with httpx.Client(base_url=connection.address("intake"), timeout=LIMIT_SECONDS) as client:
        for chunk in chunks(items):
            ready, results = enclose(connection, chunk, advance_bytes)
            if ready:
                results |= settle(client, connection, ready)
            yield from (results[item.line] for item in chunk)
            advance(len(chunk))


def _tell(result: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    for error in result.get("errors", []):
        where = f" {error['pointer']}" if error["pointer"] else ""
        hint = f" (peut-être {', '.join(error['suggestions'])})" if error.get("suggestions") else ""
        print(f"Ligne {result['line']}{where} : {error['detail']}{hint}", file=sys.stderr)
    for warning in result.get("warnings", []):
        print(f"Ligne {result['line']} {warning['pointer']} (remarque) : {warning['detail']}", file=sys.stderr)
