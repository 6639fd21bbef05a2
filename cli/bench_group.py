"""`infoparquet bench`: how fast the system is, and what it keeps when it is hit."""

import typer

from cli.bench import bench
from cli.bench_bounds import bounds
from cli.bench_documents import documents
from cli.bench_exports import exports
from cli.bench_faults import faults
from cli.bench_outage import outage
from cli.bench_search import search
from cli.bench_streams import streams

group = typer.Typer()
group.callback(invoke_without_command=True)(bench)
group.command("faults")(faults)
group.command("bounds")(bounds)
group.command("outage")(outage)
group.command("documents")(documents)
group.command("exports")(exports)
group.command("streams")(streams)
group.command("search")(search)
