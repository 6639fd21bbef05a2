"""How commands end when they are not done: their exit codes, and what several of them word alike, in French."""

from typing import TYPE_CHECKING, NoReturn

import typer

if TYPE_CHECKING:  # the data are slow to load, and most commands do without
    from reference import BrokenReference

# What a command ends with when it is not done.
FAILED, WRONG_USE = 1, 2


class Unsent(Exception):  # noqa: N818 - why, in French, is its message
    """What a command sends could not be sent to its end."""


def broken_reference(error: "BrokenReference") -> str:
    """The sentence about reference data that cannot be used."""
    where = f"{error.file}, ligne {error.line}" if error.line else error.file
    column = f", colonne {error.column}" if error.column else ""
    return (
        f"Données de référence inutilisables ({where}{column}) : {error.problem}. Vérifiez INFOPARQUET_REFERENCE_URL."
    )


def stop(status: int, message: str) -> NoReturn:
    """Ends the command."""
    typer.echo(message, err=True)
    raise typer.Exit(status)
