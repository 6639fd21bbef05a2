"""`infoparquet contracts`: what is published of the events, for those who write programs that read or write them."""

import typer

from cli.contracts_asyncapi import asyncapi
from cli.contracts_export import export
from cli.contracts_list import list_

group = typer.Typer(help="Les contrats des événements : schémas, exemples, description AsyncAPI.", no_args_is_help=True)
group.command("list")(list_)
group.command("asyncapi")(asyncapi)
group.command("export")(export)
