"""What the subcommands of `tribunal` share: the court's code, where Kafka is, how they fail."""

from pathlib import Path

import typer

from cli.failures import WRONG_USE, stop
from deploy.local.run_file import read_run_file
from reference import default_url, load
from services.routing import courts

CODE = typer.Argument(metavar="CODE", help="Code du tribunal, par exemple tj33063.")
KAFKA = typer.Option(metavar="HÔTE:PORT", help="Adresse de Kafka, à la place de --data.")


def require_court(code: str) -> None:
    """Leaves the command with the nearest codes where no court has this one."""
    known = load(default_url()).courts
    names = courts.names(known)
    if code not in names:
        near = ", ".join(f"{one} ({names[one]})" for one in courts.nearest(code, known))
        hint = f" Les plus proches : {near}." if near else " La liste : GET /v1/tribunals."
        stop(WRONG_USE, f"Aucun tribunal n’a le code « {code} ».{hint}")


def running_kafka(data: Path) -> str:
    """The address of the system that runs. Raises StackError."""
    return str(read_run_file(data)["kafka"])


def kafka_silent(error: Exception) -> str:
    """The sentence about a broker that cannot be reached."""
    return f"Kafka ne répond pas ({type(error).__name__}) : vérifiez son adresse et qu’il est démarré."
