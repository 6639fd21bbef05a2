"""`infoparquet contracts`: the events as others rely on them, and how they may change."""

import typer

from cli.contracts_check import check
from cli.contracts_release import release

group = typer.Typer(help="Les contrats : ce que disent les événements, et ce qui peut y changer.", no_args_is_help=True)
group.command("check")(check)
group.command("release")(release)
