"""`infoparquet bench faults`: the system is hit where it can be, and what was accepted must still arrive once."""

import asyncio
import json
import secrets
import shutil
from pathlib import Path
from typing import Annotated

import typer
from aiokafka.errors import KafkaError
from rich.console import Console

from cli.failures import FAILED, WRONG_USE, stop
from cli.faults.audit import trace
from cli.faults.campaign import Outcome, campaign
from cli.faults.system import free_base
from cli.faults.traffic import Refused
from cli.until_stopped import until_stopped
from deploy.local.failures import StackError, WrongUseError
from deploy.local.folders import fresh_folder

_LARGEST_SEED = 2**31 - 1
_SEED = typer.Option(min=0, max=_LARGEST_SEED, help="Rejoue les mêmes fautes ; tirée au sort par défaut, et écrite.")
_ROUNDS = typer.Option(
    min=1, max=10_000, help="Nombre de fautes, une par tour ; 80 pour que chaque partie les rencontre toutes."
)
_BROKER = typer.Option(help="auto, apache, apache:3 ou light.")
_JSON = typer.Option("--json", help="Écrit un document JSON au lieu du résumé.")
_PORT_BASE = typer.Option(help="Premier port du système mis à l’épreuve ; par défaut, des ports libres.")
_DATA = typer.Option(
    help="Dossier neuf à garder, journaux compris ; sinon, rien n’est gardé que d’une campagne perdue."
)


def faults(
    seed: Annotated[int | None, _SEED] = None,
    rounds: Annotated[int, _ROUNDS] = 40,
    broker: Annotated[str, _BROKER] = "auto",
    as_json: Annotated[bool, _JSON] = False,
    port_base: Annotated[int | None, _PORT_BASE] = None,
    data: Annotated[Path | None, _DATA] = None,
) -> None:
    """Tue, fige, relance, coupe et remplit chaque partie d’un système neuf, et vérifie que rien ne se perd."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if data is not None and data.exists():
        stop(WRONG_USE, f"{data} existe déjà : donnez un dossier qui n’existe pas encore.")
    drawn = secrets.randbelow(_LARGEST_SEED) if seed is None else seed
    console.print(f"Graine : {drawn}")
    place = data.absolute() if data else fresh_folder() / "data"
    kept = f"Données et journaux sont gardés dans {place}."
    try:
        base = port_base or free_base()
        outcome = asyncio.run(until_stopped(campaign(place, base, broker, drawn, rounds, console.print)))
    except StackError as failure:
        stop(WRONG_USE if isinstance(failure, WrongUseError) else FAILED, str(failure))
    except Refused as refusal:
        stop(FAILED, f"Graine {drawn} : {refusal} {kept}")
    except (KafkaError, TimeoutError) as trouble:
        stop(FAILED, f"Graine {drawn} : les sujets ne se lisent plus ({trouble!r}). {kept}")
    if data is None and (outcome is None or outcome.good):
        shutil.rmtree(place.parent, ignore_errors=True)
    if outcome is None:
        stop(FAILED, "Campagne abandonnée.")
    report = outcome.report()
    typer.echo(json.dumps(report, ensure_ascii=False, indent=1) if as_json else _summary(outcome))
    if not outcome.good:
        stop(FAILED, "\n".join([*_accusation(outcome), kept]))


def _summary(outcome: Outcome) -> str:
    report = outcome.report()
    names = {
        "lost": "perdues",
        "duplicated": "en double",
        "out_of_order": "dans le désordre",
        "number_gaps": "numéros manquants",
        "number_repeats": "numéros répétés",
        "mails_lost": "courriels perdus",
        "mails_without_fact": "courriels sans fait",
    }
    broken = " ; ".join(f"{label} : {report[name]}" for name, label in names.items())
    return f"{report['arrived']} procédures arrivées sur {report['accepted']} acceptées ; {broken}."


def _accusation(outcome: Outcome) -> list[str]:
    """The seed, the rounds as they came, and all that is known about the first offender."""
    lines = [f"Graine {outcome.seed}, courtier {outcome.broker}. Tours :"]
    lines += [f"  {place}. {fault}" for place, fault in enumerate(outcome.done, 1)]
    if None in outcome.recoveries:
        lines.append("Après le dernier tour, aucune procédure nouvelle n’a été remise à temps.")
    if outcome.offences:
        lines += trace(outcome.evidence, outcome.offences[0])
    return lines
