"""`infoparquet token`: an access token of the local issuer that runs, for development."""

import sys
from typing import Annotated

import typer

from cli.session import DEFAULT_DATA, DataOption
from deploy.local.failures import StackError, WrongUseError
from deploy.local.run_file import read_run_file
from deploy.local.tokens import TokenMaker

_ORGANISATION = typer.Option(help="administration:CODE, tribunal:CODE, operator ou service:NOM.")
_ROLE = typer.Option(help="Un rôle dans cette organisation ; à répéter. Tous ceux qu’elle a par défaut.")


def token(
    organisation: Annotated[str, _ORGANISATION],
    role: Annotated[list[str] | None, _ROLE] = None,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Écrit un jeton d’accès de l’émetteur local, valable une heure ; pour le développement seulement."""
    try:
        # Only where a system runs: its issuer's keys are what makes the token good.
        issuer = str(read_run_file(data)["issuer"])
        made = TokenMaker.open(data / "issuer", issuer).mint(organisation, roles=role or ())
    except StackError as failure:
        print(failure, file=sys.stderr)
        raise typer.Exit(2 if isinstance(failure, WrongUseError) else 1) from None
    except OSError as error:
        print(f"Les clés de l’émetteur ne peuvent pas être lues dans {data} : {error.strerror}.", file=sys.stderr)
        raise typer.Exit(1) from None
    typer.echo(made)
