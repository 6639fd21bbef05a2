"""`infoparquet contracts`: the events as others rely on them: what is published of them, and what may change."""

import typer

from cli.contracts_asyncapi import asyncapi
from cli.contracts_check import check
from cli.contracts_export import export
from cli.contracts_list import list_
from cli.contracts_release import release

group = typer.Typer(
    help="Les contrats des événements : schémas, exemples, description AsyncAPI, et ce qui peut y changer.",
    no_args_is_help=True,
)
group.command("list")(list_)
group.command("asyncapi")(asyncapi)
group.command("export")(export)
group.command("check")(check)
group.command("release")(release)
