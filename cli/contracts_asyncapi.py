"""`infoparquet contracts asyncapi`: the events described for tools, from the code that runs."""

from typing import Annotated

import typer
from infoparquet_contracts.published import as_text


def asyncapi(
    as_json: Annotated[bool, typer.Option("--json", help="Écrit un document JSON, comme sans cette option.")] = True,  # noqa: ARG001 - other commands have it, so do scripts
) -> None:
    """Écrit la description AsyncAPI 3.0 des sujets et des événements, tirée du code qui tourne (JSON)."""
    # What runs is slow to load, and the other commands of the group do without.
    from cli.asyncapi.document import document

    typer.echo(as_text(document()), nl=False)
