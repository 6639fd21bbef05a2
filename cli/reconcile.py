"""`infoparquet reconcile`: what was said and is missing somewhere, and to have it said again."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import httpx
import typer

from cli.failures import FAILED, stop
from cli.reconcile_desk import JOURNAL, Compared, Desk, Failure, Missing, left_of
from cli.session import DEFAULT_DATA, DataOption, connect

_LIMIT_SECONDS = 35.0
_MOST_SHOWN = 50
# Owners hear what they said every half deadline, and that takes a moment.
_PATIENCE = timedelta(seconds=60)


def reconcile(
    data: DataOption = DEFAULT_DATA,
    after: Annotated[int, typer.Option("--after", min=0, help="Âge d’un fait qui manque, en secondes.")] = 60,
    resend: Annotated[bool, typer.Option("--resend", help="Fait redire ce qui manque, et compare encore.")] = False,
    anew: Annotated[
        bool, typer.Option("--read-anew", help="Fait relire ce qui a été tronqué ou restauré, sans comparer.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Écrit un document JSON.")] = False,
) -> None:
    """Compare ce que chaque service a dit, ce que le journal en porte et ce que les autres services en ont.

    Sort avec 0 si rien ne manque, ou si tout ce qui manquait est revenu ; avec 1 sinon.
    """
    if anew:
        _read_anew(data, as_json=as_json)
        return
    try:
        compared, mended = asyncio.run(_reconcile(_addresses(data), resend=resend, after=timedelta(seconds=after)))
    except Failure as failure:
        stop(FAILED, str(failure))
    if as_json:
        typer.echo(json.dumps(_document(compared, mended), ensure_ascii=False, indent=2))
    else:
        _print(compared, mended)
    if compared.missing:
        raise typer.Exit(FAILED)


def _read_anew(data: DataOption, *, as_json: bool) -> None:
    """Each replica has stopped by itself, and is told by itself."""
    connection = connect(data, None, None, "operator")
    moved = []
    with httpx.Client(timeout=_LIMIT_SECONDS, headers=connection.bearer()) as http:
        for name, url in connection.replicas():
            try:
                answer = http.post(f"{url.rstrip('/')}/v1/reconciliation/read-anew").raise_for_status()
            except httpx.HTTPError:
                stop(FAILED, f"{name} ({url}) ne répond pas ou refuse ; le relancer puis recommencer.")
            moved += [{"service": name, **one} for one in answer.json()["partitions"]]
    if as_json:
        typer.echo(json.dumps({"read_anew": moved}, ensure_ascii=False, indent=2))
        return
    for one in moved:
        typer.echo(f"{one['service']} relit {one['topic']}[{one['partition']}] depuis son début.")
    if not moved:
        typer.echo("Toutes les partitions sont à leur place.")


def _addresses(data: DataOption) -> Mapping[str, tuple[str, Mapping[str, str]]]:
    """Where each service answers, and with which headers."""
    connection = connect(data, None, None, "operator")
    return {name: (connection.address(name), connection.bearer()) for name, _ in connection.replicas()}


async def _reconcile(
    addresses: Mapping[str, tuple[str, Mapping[str, str]]], *, resend: bool, after: timedelta
) -> tuple[Compared, Sequence[Missing]]:
    """What is missing in the end, and what was until it was said again."""
    async with AsyncExitStack() as opened:
        clients = {
            name: await opened.enter_async_context(
                httpx.AsyncClient(base_url=url, headers=headers, timeout=_LIMIT_SECONDS)
            )
            for name, (url, headers) in addresses.items()
        }
        desk, before = Desk(clients), datetime.now(UTC) - after
        compared = await desk.compare(before)
        if not resend or not compared.missing:
            return compared, ()
        await desk.mend(compared, _PATIENCE)
        # What was said again was said just now.
        left = await desk.compare(datetime.now(UTC))
        still = {(one.said.fact, one.lacking_in) for one in left.missing}
        left.missing = left_of(compared, left)
        return left, [one for one in compared.missing if (one.said.fact, one.lacking_in) not in still]


def _document(compared: Compared, mended: Sequence[Missing]) -> dict[str, Any]:
    return {
        "compared": compared.facts,
        "procedures": compared.procedures,
        "waiting": compared.waiting,
        "missing": [_shown(one) for one in compared.missing],
        "mended": [_shown(one) for one in mended],
    }


def _shown(one: Missing) -> dict[str, Any]:
    said = one.said
    return {
        "procedure": said.procedure,
        "fact": said.name,
        "ce_id": said.record,
        "said_by": said.service,
        "lacking_in": one.lacking_in,
        "said_at": said.said_at.isoformat(),
        "damaged": one.damaged,
    }


def _print(compared: Compared, mended: Sequence[Missing]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.print(
        f"{compared.facts} faits de {compared.procedures} procédures comparés ; {compared.waiting} en attente d’envoi."
    )
    for words, found in (("redits et revenus", mended), ("manquent", compared.missing)):
        for (fact, service, place), count in sorted(_counted(found).items()):
            console.print(f"{count} {fact} de {service}, {_where(place)} : {words}.")
    if not compared.missing:
        console.print("Rien ne manque.")
        return
    table = Table("Procédure", "Fait", "Dit par", "Manque", box=box.SIMPLE, pad_edge=False, show_edge=False)
    for one in compared.missing[:_MOST_SHOWN]:
        table.add_row(one.said.procedure, one.said.name, one.said.service, _where(one.lacking_in))
    console.print(table)
    if len(compared.missing) > _MOST_SHOWN:
        console.print(f"Les {_MOST_SHOWN} premiers ; tous avec --json.")
    if any(one.damaged for one in compared.missing):
        console.print("Un service a déjà agi sur une procédure dont il a perdu le dépôt : restaurez sa base.")
    elif not mended:
        console.print("Pour faire redire ce qui manque : infoparquet reconcile --resend")


def _counted(found: Sequence[Missing]) -> Counter[tuple[str, str, str]]:
    return Counter((one.said.name, one.said.service, one.lacking_in) for one in found)


def _where(place: str) -> str:
    return "au journal" if place == JOURNAL else f"à {place}"
