"""`infoparquet contracts asyncapi`: the events described for tools, from the code that runs."""

import typer
from infoparquet_contracts.published import as_text

from cli.asyncapi.document import document


def asyncapi() -> None:
    """Écrit la description AsyncAPI 3.0 des sujets et des événements, tirée du code qui tourne (JSON)."""
    typer.echo(as_text(document()), nl=False)
