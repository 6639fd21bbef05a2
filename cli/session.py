"""Finds the system a command talks to: `--url` and `--token` where given, else the run file in `--data`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.failures import FAILED, WRONG_USE, stop

DataOption = Annotated[
    Path, typer.Option("--data", metavar="DIR", help="Dossier du système lancé par « infoparquet up ».")
]
UrlOption = Annotated[
    str | None,
    typer.Option("--url", envvar="INFOPARQUET_URL", help="Adresse du système, à la place de --data."),
]
TokenOption = Annotated[
    str | None,
    typer.Option("--token", envvar="INFOPARQUET_TOKEN", help="Jeton d’accès, avec --url.", show_envvar=True),
]
DEFAULT_DATA = Path(".infoparquet")


@dataclass(frozen=True, slots=True)
class Connection:
    """A system, as one organisation: its own run file says where services are, or one address stands for all."""

    organisation: str
    run_file: Path | None = None
    url: str | None = None
    token: str | None = None

    def address(self, service: str) -> str:
        """Where a service answers, without a slash at the end."""
        return self.url or str(_part(self._run(), "services", service, "url")).rstrip("/")

    def replicas(self) -> list[tuple[str, str]]:
        """The service and the address of each process; one address has no name for the service that answers there."""
        if self.url:
            return [("–", self.url)]
        services = _part(self._run(), "services")
        return [(name, str(url)) for name, service in services.items() for url in service["urls"]]

    def bearer(self) -> dict[str, str]:
        """The header of a request; read anew each time, as tokens are renewed while the system runs."""
        return {"Authorization": f"Bearer {self.token or self._token()}"}

    def _token(self) -> str:
        tokens = _part(self._run(), "tokens")
        if self.organisation not in tokens:
            known = ", ".join(sorted(tokens))
            stop(WRONG_USE, f"Pas de jeton pour « {self.organisation} » dans {self.run_file} ; il y a : {known}.")
        return str(tokens[self.organisation])

    def _run(self) -> Any:  # noqa: ANN401 - a JSON document
        if self.run_file is None:
            stop(WRONG_USE, "Avec --url, donnez aussi un jeton : --token ou la variable INFOPARQUET_TOKEN.")
        try:
            return json.loads(self.run_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            stop(
                FAILED,
                f"Aucun système ne tourne sur {self.run_file.parent} : lancez « infoparquet up », "
                "ou indiquez --data, ou --url et --token.",
            )


def connect(data: Path, url: str | None, token: str | None, organisation: str) -> Connection:
    """The system to talk to; leaves the command with a message where there is none."""
    connection = (
        Connection(organisation, url=url.rstrip("/"), token=token)
        if url
        else Connection(organisation, run_file=data / "run.json", token=token)
    )
    connection.bearer()
    return connection


def _part(document: Any, *path: str) -> Any:  # noqa: ANN401
    for name in path:
        if not isinstance(document, dict) or name not in document:
            stop(FAILED, f"Le système qui tourne n’a pas de « {'/'.join(path)} » dans son fichier run.json.")
        document = document[name]
    return document
