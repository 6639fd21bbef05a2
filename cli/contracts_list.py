"""`infoparquet contracts list`: every type of event at every version, its schema and samples, who says and reads it."""

import json
from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer
from infoparquet_contracts.catalogue import CONTRACTS, EVERY_COURT, Contract
from infoparquet_contracts.published import GOLDEN, golden_path, schema_path
from infoparquet_contracts.registry import NAMESPACE
from infoparquet_contracts.topics import SERVICES

# Where the project keeps what is published; an export has the same paths without it.
_FOLDER: Final = "contracts/"

_NAMES: Final = {f"tribunal:{EVERY_COURT}": "tribunaux", "operator": "exploitants"}


def list_(as_json: Annotated[bool, typer.Option("--json", help="Écrit un document JSON.")] = False) -> None:
    """Montre chaque type d’événement : sa version, son schéma, ses exemples, qui le publie et qui le lit."""
    contracts = [_document(one) for one in CONTRACTS]
    if as_json:
        typer.echo(json.dumps(contracts, ensure_ascii=False, indent=2))
    else:
        _print_table(contracts)


def _document(contract: Contract) -> dict[str, Any]:
    # The services are slow to load, and the other commands of the group do without.
    from cli.contracts_services import consumers_of

    kind = contract.model.event_type
    return {
        "type": kind,
        "version": contract.version,
        "published_until": contract.until and contract.until.isoformat().replace("+00:00", "Z"),
        "topic": contract.topic.name,
        "schema": f"{_FOLDER}{schema_path(kind)}",
        "golden": [f"{_FOLDER}{golden_path(kind, one.case)}" for one in GOLDEN[kind]],
        "producers": list(contract.said_by),
        "consumers": list(consumers_of(contract)),
    }


def _print_table(contracts: Sequence[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table.grid("", "", "", "", "", padding=(0, 1, 0, 0))
    table.columns[0].no_wrap = True
    table.add_row(f"{NAMESPACE}…", "", "Ex.", "Publié par", "Lu par", style="bold")
    for one in contracts:
        kind, _, version = one["type"].removeprefix(NAMESPACE).rpartition(".")
        table.add_row(kind, version, str(len(one["golden"])), _named(one["producers"]), _named(one["consumers"]))
    Console(highlight=False).print(table)
    typer.echo(f"Schémas et exemples : {_FOLDER}schemas et golden, ou « contracts export ».")


def _named(parties: Sequence[str]) -> str:
    if set(parties) == set(SERVICES):
        return "tous"
    return ", ".join(_NAMES.get(one, one) for one in parties)
