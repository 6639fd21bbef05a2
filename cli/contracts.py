"""`infoparquet contracts`: what is published of the events, for those who write programs that read or write them."""

import typer

from cli.contracts_export import export

group = typer.Typer(help="Les contrats des événements : schémas, exemples, description AsyncAPI.", no_args_is_help=True)
group.command("export")(export)
