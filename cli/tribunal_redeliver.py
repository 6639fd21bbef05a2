"""`infoparquet tribunal redeliver`: an operator has a court's messages delivered again, under the same ids."""

import asyncio
from datetime import datetime
from typing import Annotated

import typer

from chassis.clock import new_id
from cli.court_services import CourtServices, Unanswered, open_client
from cli.failures import FAILED, stop
from cli.session import DEFAULT_DATA, Connection, DataOption, TokenOption, UrlOption, connect
from cli.tribunal_code import CODE, require_court

_SINCE = typer.Option("--from", formats=["%Y-%m-%d"], metavar="AAAA-MM-JJ", help="Premier jour, à l’heure de Paris.")


def redeliver(
    code: Annotated[str, CODE],
    since: Annotated[datetime, _SINCE],
    data: DataOption = DEFAULT_DATA,
    url: UrlOption = None,
    token: TokenOption = None,
) -> None:
    """Remet de nouveau à un tribunal ce qui lui a été remis depuis un jour (exploitants)."""
    require_court(code)
    connection = connect(data, url, token, "operator")
    try:
        messages = asyncio.run(_redeliver(connection, code, f"{since:%Y-%m-%d}"))
    except Unanswered as refusal:
        stop(FAILED, str(refusal))
    typer.echo(f"Messages remis de nouveau au tribunal {code}, sous les mêmes identifiants : {messages}.")


async def _redeliver(connection: Connection, code: str, since: str) -> int:
    async with open_client() as client:
        return await CourtServices(connection, client).redeliver(code, since, new_id())
