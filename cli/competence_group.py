"""`infoparquet competence`: the decision itself, and what operators do with the rules."""

import typer

from cli.competence import competence
from cli.competence_diff import diff
from cli.competence_redecide import redecide

group = typer.Typer()
group.callback(invoke_without_command=True)(competence)
group.command("diff")(diff)
group.command("redecide")(redecide)
