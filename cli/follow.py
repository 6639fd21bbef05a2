"""`infoparquet follow`: a procedure's timeline as it grows, until it is closed."""

import json
import sys
import time
from datetime import datetime
from typing import Annotated, Any, Final

import httpx
import typer
from infoparquet_contracts.codes import Status
from infoparquet_contracts.status import FOLLOWERS

from chassis.clock import PARIS
from cli.failures import FAILED, stop
from cli.session import DEFAULT_DATA, Connection, DataOption, TokenOption, UrlOption, connect

_LOOK_AGAIN_SECONDS = 1.0
# The service itself waits up to 5 s for a procedure it does not know yet.
_LIMIT_SECONDS = 15.0
_ENDS: Final = frozenset(status for status in Status if not FOLLOWERS[status])


class Unanswered(Exception):  # noqa: N818 - nothing is wrong with the question
    """The service cannot answer for now."""


def follow(
    which: Annotated[
        str, typer.Argument(metavar="ID_OU_NUMÉRO", help="Identifiant ou numéro de la procédure.", show_default=False)
    ],
    data: DataOption = DEFAULT_DATA,
    url: UrlOption = None,
    token: TokenOption = None,
    organisation: Annotated[
        str, typer.Option("--as", help="Organisation qui regarde, parmi les jetons du système lancé.")
    ] = "operator",
    once: Annotated[bool, typer.Option("--once", help="Écrit ce qui est connu et s’arrête.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Écrit chaque fait en une ligne de JSON.")] = False,
) -> None:
    """Suit une procédure : chaque fait à mesure qu’il est connu, jusqu’à la clôture, au retrait ou à Ctrl-C."""
    connection = connect(data, url, token, organisation)
    try:
        with httpx.Client(base_url=connection.address("query"), timeout=_LIMIT_SECONDS) as client:
            _follow(client, connection, which, once=once, as_json=as_json)
    except Unanswered:
        stop(FAILED, "Le service de suivi ne répond pas : vérifiez son adresse et qu’il est démarré, puis recommencez.")
    except KeyboardInterrupt:
        return


def _follow(client: httpx.Client, connection: Connection, which: str, *, once: bool, as_json: bool) -> None:
    procedure = _ask(client, connection, which)
    if not as_json:
        typer.echo(_title(procedure))
    written = _write(procedure, set(), as_json=as_json)
    while not once and procedure["status"] not in _ENDS:
        time.sleep(_LOOK_AGAIN_SECONDS)
        procedure = _ask_again(client, connection, which)
        written = _write(procedure, written, as_json=as_json)


def _ask_again(client: httpx.Client, connection: Connection, which: str) -> dict[str, Any]:
    """Waits for a service that is being restarted, and says so once."""
    said = False
    while True:
        try:
            return _ask(client, connection, which)
        except Unanswered:
            if not said:
                print("Le service de suivi ne répond plus ; la suite viendra dès son retour.", file=sys.stderr)
            said = True
            time.sleep(_LOOK_AGAIN_SECONDS)


def _ask(client: httpx.Client, connection: Connection, which: str) -> dict[str, Any]:
    """Raises Unanswered; leaves the command with a message where the answer is no."""
    try:
        answer = client.get(httpx.URL(path=f"/v1/procedures/{which}"), headers=connection.bearer())
    except httpx.TransportError as error:
        raise Unanswered from error
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise Unanswered
    body: dict[str, Any] = answer.json()
    if answer.status_code != httpx.codes.OK:
        stop(FAILED, str(body.get("detail", f"Le service de suivi répond {answer.status_code}.")))
    return body


def _write(procedure: dict[str, Any], written: set[str], *, as_json: bool) -> set[str]:
    """Writes the facts that are not among those written; returns those that now are."""
    for entry in procedure["timeline"]:
        if entry["id"] not in written:
            typer.echo(json.dumps(entry, ensure_ascii=False) if as_json else _line(entry))
    return written | {entry["id"] for entry in procedure["timeline"]}


def _title(procedure: dict[str, Any]) -> str:
    urgency = f" – URGENTE : {procedure['urgency']['description']}" if procedure["urgent"] else ""
    return f"Procédure {procedure['reference']} ({procedure['administration']}){urgency}"


def _line(entry: dict[str, Any]) -> str:
    time_in_paris = datetime.fromisoformat(entry["time"]).astimezone(PARIS)
    line = f"{time_in_paris:%d/%m/%Y %H:%M:%S}  {entry['description']}"
    if entry["fact"] == "delivered":
        proof = entry["data"]
        line += f" – preuve : {proof['topic']}, partition {proof['partition']}, position {proof['offset']}"
    return line if entry["applied"] else f"{line} – sans effet : {entry['why_not_label']}"
