"""`infoparquet positions`: where each service stands in what it reads, and how far behind it is."""

import asyncio
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, starmap
from typing import Annotated, Any

import httpx
import typer

from cli.failures import FAILED
from cli.session import DEFAULT_DATA, DataOption, TokenOption, UrlOption, connect

# Measuring asks the broker too.
_LIMIT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Replica:
    """One process of a service."""

    service: str
    url: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a replica says of its partitions, or why it says nothing."""

    replica: Replica
    partitions: Sequence[Mapping[str, Any]] = ()
    fault: str | None = None


def positions(
    data: DataOption = DEFAULT_DATA,
    url: UrlOption = None,
    token: TokenOption = None,
    each: Annotated[bool, typer.Option("--partitions", help="Une ligne par partition.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Écrit un document JSON, partition par partition.")] = False,
) -> None:
    """Montre où en est chaque service dans ce qu’il lit : position, retard, âge du plus ancien événement non lu.

    Le retard compte des positions, dont quelques-unes sont des marques de transaction et non des événements.
    """
    connection = connect(data, url, token, "operator")
    reports = asyncio.run(_ask_all(starmap(Replica, connection.replicas()), connection.bearer()))
    if as_json:
        typer.echo(json.dumps(_document(reports), ensure_ascii=False, indent=2))
    else:
        _print(_lines(reports, each=each))
    for report in reports:
        if report.fault:
            print(f"{report.replica.service} ({report.replica.url}) : {report.fault}", file=sys.stderr)
    if any(report.fault for report in reports):
        raise typer.Exit(FAILED)


async def _ask_all(replicas: Iterable[Replica], bearer: Mapping[str, str]) -> list[Report]:
    async with httpx.AsyncClient(timeout=_LIMIT_SECONDS, headers=bearer) as client:
        return await asyncio.gather(*(_ask(client, replica) for replica in replicas))


async def _ask(client: httpx.AsyncClient, replica: Replica) -> Report:
    try:
        answer = await client.get(f"{replica.url.rstrip('/')}/v1/positions")
        body = answer.json()
    except (httpx.TransportError, ValueError):
        return Report(replica, fault="ne répond pas ; vérifiez qu’il est démarré.")
    if answer.status_code != httpx.codes.OK:
        return Report(replica, fault=str(body.get("detail", f"répond {answer.status_code}.")))
    return Report(replica, body)


def _document(reports: Sequence[Report]) -> dict[str, Any]:
    return {
        "positions": [
            {"service": report.replica.service, "url": report.replica.url, **partition}
            for report in reports
            for partition in report.partitions
        ],
        "unanswered": [
            {"service": report.replica.service, "url": report.replica.url, "detail": report.fault}
            for report in reports
            if report.fault
        ],
    }


def _lines(reports: Sequence[Report], *, each: bool) -> list[tuple[str, ...]]:
    """The table's lines: by service, topic and, where asked, partition, whichever replica reads it."""

    def named(partition: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(partition[name] for name in ("service", "topic", *(["partition"] if each else [])))

    every = sorted(_document(reports)["positions"], key=lambda one: (one["service"], one["topic"], one["partition"]))
    return [_line(list(group), each=each) for _, group in groupby(every, key=named)]


def _line(group: Sequence[Mapping[str, Any]], *, each: bool) -> tuple[str, ...]:
    first = group[0]
    oldest = max(one["oldest_unread_seconds"] for one in group)
    return (
        first["service"],
        first["topic"],
        str(first["partition"]) if each else f"les {len(group)}",
        str(sum(one["position"] for one in group)),
        str(sum(one["lag"] for one in group)),
        f"{oldest:.1f} s" if oldest else "–",
    )


def _print(lines: Sequence[tuple[str, ...]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table("Service", box=box.SIMPLE, pad_edge=False, show_edge=False)
    table.add_column("Sujet", no_wrap=True)
    for heading in ("Partition", "Position", "Retard", "Attente"):
        table.add_column(heading, justify="right")
    for line in lines:
        table.add_row(*line)
    Console().print(table)
