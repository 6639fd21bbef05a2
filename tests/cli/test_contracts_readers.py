"""Who takes which event and where its fields are read, as the source says it, against the services as they run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from infoparquet_contracts.catalogue import CONTRACTS, Contract
from infoparquet_contracts.facts import Delivered, Routed, Submitted, Withdrawn
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.versions import types_of

from cli.contracts_readers import Code, consumers_of
from cli.contracts_reading import Reading
from cli.contracts_tree import Tree
from services.intake import handlers as intake
from services.notify import handlers as notify
from services.numbering import handlers as numbering
from services.query import handlers as query
from services.routing import handlers as routing
from tests.processes import ROOT

HANDLERS: Mapping[str, Mapping[type[Payload], Any]] = {
    "intake": intake.HANDLERS,
    "numbering": numbering.HANDLERS,
    "routing": routing.handlers(cast("Any", None)),
    "notify": notify.handlers(1),
    "query": query.HANDLERS,
}
JOURNAL = [contract for contract in CONTRACTS if contract.stream == "journal"]


def named(contract: Contract) -> str:
    return contract.model.event_type


@pytest.mark.parametrize("contract", JOURNAL, ids=named)
def test_the_readers_of_a_fact_are_the_services_that_have_a_handler_for_it(contract: Contract) -> None:
    taken = {name: {one for model in models for one in types_of(model)} for name, models in HANDLERS.items()}
    assert {*consumers_of(contract)} == {name for name, types in taken.items() if contract.model.event_type in types}


def test_other_messages_have_the_readers_of_their_topic() -> None:
    others = {contract.stream: consumers_of(contract) for contract in CONTRACTS if contract.stream != "journal"}
    assert others == {"court": ("tribunal:*",), "replies": ("routing",), "dead-letters": ("operator",)}


def read_at(model: type[Payload], *path: str) -> dict[str, tuple[str, ...]]:
    (contract,) = (one for one in CONTRACTS if one.model is model)
    reading = Reading(Code(Tree(ROOT)))
    found = reading.consumers(model.event_type, contract.stream, contract.topic.read_by, path)
    return {one.name: one.reads_at for one in found}


def line(file: str, words: str) -> str:
    """Where that stands in the source."""
    lines = (ROOT / file).read_text("utf-8").splitlines()
    return f"{file}:{next(number for number, text in enumerate(lines, start=1) if words in text)}"


@pytest.mark.parametrize(
    ("model", "path", "service", "file", "words"),
    [
        (Submitted, "administration", "numbering", "services/numbering/handlers.py", "fact.data.administration"),
        (Submitted, "urgency", "notify", "contracts/src/infoparquet_contracts/status.py", "event.data.urgency"),
        (Submitted, "documents", "routing", "services/routing/delivery.py", '(*same, "documents")'),
        (Submitted, "nataff", "routing", "services/routing/store.py", "one.submitted.model_dump_json()"),
        (Routed, "legal_basis", "routing", "services/routing/delivery.py", "Decision.model_fields"),
        (Withdrawn, "reason", "routing", "services/routing/progress.py", "facts.Withdrawn(reason=reason)"),
        (Delivered, "offset", "query", "services/query/store.py", "forms.keep(event.data)"),
    ],
    ids=["an attribute", "in the fold", "by its name", "passed on", "every field", "in a pattern", "written whole"],
)
def test_a_read_is_found_however_it_is_written(
    model: type[Payload], path: str, service: str, file: str, words: str
) -> None:
    assert line(file, words) in read_at(model, path)[service]


def test_a_pattern_of_another_fact_is_no_read() -> None:
    pattern = line("services/routing/progress.py", "facts.Withdrawn(reason=reason)")
    others = [one.model for one in JOURNAL if "reason" in one.model.model_fields and one.model is not Withdrawn]
    assert others
    assert all(pattern not in read_at(model, "reason")["routing"] for model in others)


def test_a_field_that_nobody_is_seen_to_read_breaks_everyone_who_takes_the_fact(tmp_path: Path) -> None:
    """Services of another tree, one of which passes nothing on."""
    for name in ("contracts/src/infoparquet_contracts", "chassis", "services/numbering"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("facts.py", "registry.py", "payload.py"):
        source = ROOT / "contracts/src/infoparquet_contracts" / name
        (tmp_path / "contracts/src/infoparquet_contracts" / name).write_bytes(source.read_bytes())
    (tmp_path / "services/numbering/handlers.py").write_text("HANDLERS = {Submitted: allocate_numbers}\n", "utf-8")
    reading = Reading(Code(Tree(tmp_path)))
    (one,) = reading.consumers(Submitted.event_type, "journal", ("numbering",), ("places",))
    assert (one.name, one.reads_at) == ("numbering", ())
    assert reading.takers(Withdrawn.event_type, "journal", ("numbering",)) == ()
    # What has no table to be read from may take everything.
    assert reading.takers(Withdrawn.event_type, "journal", ("routing",)) == ("routing",)
