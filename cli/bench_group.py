"""`infoparquet bench`: how fast the system is, and what it keeps when it is hit."""

import typer

from cli.bench import bench
from cli.bench_bounds import bounds
from cli.bench_faults import faults

group = typer.Typer()
group.callback(invoke_without_command=True)(bench)
group.command("faults")(faults)
group.command("bounds")(bounds)
