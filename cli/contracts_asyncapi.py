"""`infoparquet contracts asyncapi`: the events described for tools, from the code that runs."""

import typer
from infoparquet_contracts.published import as_text


def asyncapi() -> None:
    """Écrit la description AsyncAPI 3.0 des sujets et des événements, tirée du code qui tourne (JSON)."""
    # What runs is slow to load, and the other commands of the group do without.
    from cli.asyncapi.document import document

    typer.echo(as_text(document()), nl=False)
