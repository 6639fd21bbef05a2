"""`infoparquet competence redecide`: once data or rules are corrected, the operators' queue is decided again."""

import asyncio
import json
from typing import Annotated, Any

import typer

from chassis.clock import new_id
from cli.court_services import CourtServices, Unanswered, open_client
from cli.failures import FAILED, stop
from cli.session import DEFAULT_DATA, Connection, DataOption, TokenOption, UrlOption, connect

_JSON = typer.Option("--json", help="Écrit un document JSON.")


def redecide(
    as_json: Annotated[bool, _JSON] = False,
    data: DataOption = DEFAULT_DATA,
    url: UrlOption = None,
    token: TokenOption = None,
) -> None:
    """Décide de nouveau, par les règles actuelles, de tout ce qui attend un opérateur (exploitants)."""
    connection = connect(data, url, token, "operator")
    try:
        found = asyncio.run(_redecide(connection))
    except Unanswered as refusal:
        stop(FAILED, str(refusal))
    if as_json:
        typer.echo(json.dumps(found))
    else:
        typer.echo(
            f"{found['decided']} procédures orientées, {found['waiting']} attendent encore un opérateur "
            f"(règles du {found['rule_set']})."
        )


async def _redecide(connection: Connection) -> dict[str, Any]:
    async with open_client() as client:
        return await CourtServices(connection, client).redecide(new_id())
