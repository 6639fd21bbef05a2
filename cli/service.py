"""`infoparquet serve` and `migrate`: one service in one process, configured by the environment."""

import asyncio
import gc
import importlib
import json
import os
from typing import Annotated, Any, Literal, get_args

import typer

from chassis.errors import Unavailable
from chassis.settings import MIGRATIONS, Settings, SettingsError, read_settings
from cli.failures import FAILED, WRONG_USE, broken_reference, stop
from reference import BrokenReference

Name = Literal["intake", "numbering", "routing", "notify", "query"]
_LIST = ", ".join(get_args(Name))
_Service = Annotated[str, typer.Argument(help=f"Le service : {_LIST}.", metavar="SERVICE")]
_Services = Annotated[list[str], typer.Argument(help=f"Le ou les services : {_LIST}.", metavar="SERVICE...")]


def serve(service: _Service) -> None:
    """Fait tourner un service (API, lecture du journal, relais) jusqu’à SIGTERM ; ne migre jamais la base."""
    # What is made here lives as long as the process: collecting it again and again is a tenth of the start.
    gc.disable()
    import uvloop

    from chassis.closed_connections import know_closed_connections
    from chassis.service import Running

    built, settings = _built(service)
    try:
        running = Running(built, settings)
    except ValueError as error:
        stop(FAILED, str(error))
    gc.freeze()
    gc.enable()
    know_closed_connections()
    uvloop.run(running.serve())


def migrate(
    services: _Services,
    new_cluster: Annotated[
        bool, typer.Option("--new-cluster", help="Après la perte de Kafka : fait lire le nouveau depuis son début.")
    ] = False,
) -> None:
    """Amène la base d’un service au dernier schéma et crée les sujets Kafka qui manquent."""
    told = json.loads(os.environ.pop(MIGRATIONS, "{}"))
    for service in services:
        os.environ.update(told.get(service, {}))
        _migrate(service, new_cluster=new_cluster)


def _migrate(service: str, *, new_cluster: bool) -> None:
    from chassis.misplaced import read_anew_before_start
    from chassis.service import migrate_service
    from chassis.topics import TooFewNodes

    built, settings = _built(service)
    try:
        created = asyncio.run(migrate_service(built, settings))
        moved = asyncio.run(read_anew_before_start(built.name, settings)) if new_cluster else []
    except (Unavailable, OSError) as error:
        dependency = error.dependency if isinstance(error, Unavailable) else "database"
        stop(FAILED, f"{dependency} ne répond pas : vérifiez son adresse et qu’il est démarré, puis recommencez.")
    except TooFewNodes as few:
        stop(FAILED, f"kafka : {few.present} nœuds sur {few.copies} répondent ; démarrez les autres, puis recommencez.")
    copies = f" en {created.copies} copies, {created.in_sync} au moins à jour à chaque écriture"
    made = copies if created.names and created.copies > 1 else ""
    typer.echo(f"{service} : schéma à jour, {len(created.names)} sujets créés{made}.", err=True)
    if moved:
        typer.echo(f"{service} : {len(set(moved))} partitions à lire depuis leur début.", err=True)


def settings_of(service: str) -> type[Settings]:
    """What a service is told by."""
    module = importlib.import_module(f"services.{service}.settings")
    model: type[Settings] = getattr(module, f"{service.capitalize()}Settings")
    return model


def _built(service: str) -> tuple[Any, Settings]:
    if service not in get_args(Name):
        stop(WRONG_USE, f"« {service} » n’est pas un service ; il y a {_LIST}.")
    module = importlib.import_module(f"services.{service}.service")
    model = settings_of(service)
    try:
        settings = read_settings(model)
        return module.build(settings), settings
    except SettingsError as error:
        stop(FAILED, "\n".join(error.problems))
    except BrokenReference as error:
        stop(FAILED, broken_reference(error))
