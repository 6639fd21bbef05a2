"""Who takes which event and where its fields are read, as the source says it, against the services as they run."""

from pathlib import Path

import pytest
from infoparquet_contracts.catalogue import CONTRACTS, EVERY_COURT, Contract
from infoparquet_contracts.facts import Delivered, Routed, Submitted, Withdrawn
from infoparquet_contracts.payload import Payload

from cli.contracts_readers import Code
from cli.contracts_reading import Reading
from cli.contracts_services import consumers_of
from cli.contracts_tree import Tree
from tests.processes import ROOT

READING = Reading(Code(Tree(ROOT)))


def named(contract: Contract) -> str:
    return contract.model.event_type


@pytest.mark.parametrize("contract", CONTRACTS, ids=named)
def test_the_readers_told_from_the_source_are_those_of_the_services_as_they_run(contract: Contract) -> None:
    told = READING.takers(contract.model.event_type, contract.stream, contract.topic.read_by)
    assert told == tuple(name.replace(EVERY_COURT, "*") for name in consumers_of(contract))


def read_at(model: type[Payload], *path: str) -> dict[str, tuple[str, ...]]:
    (contract,) = (one for one in CONTRACTS if one.model is model)
    found = READING.consumers(model.event_type, contract.stream, contract.topic.read_by, path)
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
    others = [
        one.model
        for one in CONTRACTS
        if one.stream == "journal" and "reason" in one.model.model_fields and one.model is not Withdrawn
    ]
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
