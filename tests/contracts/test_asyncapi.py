"""The AsyncAPI document: valid by the official schema, true to the code that runs and to the topics."""

import json
from copy import deepcopy
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from infoparquet_contracts.catalogue import CONTRACTS, TOPICS
from infoparquet_contracts.published import as_text, schema_path
from infoparquet_contracts.registry import MODELS
from infoparquet_contracts.topics import SERVICES, common_topics, group_of, relay_topic
from jsonschema import Draft7Validator, Draft202012Validator
from typer.testing import CliRunner

from cli.asyncapi.document import document
from cli.asyncapi.operations import Undeclared, stream_of
from cli.contracts_services import Reader, readers
from cli.main import assemble
from reference import default_url, load
from services.routing import courts

HERE = Path(__file__).parent
COMMITTED = HERE.parents[1] / "contracts"


@pytest.fixture(scope="module")
def official() -> Draft7Validator:
    return Draft7Validator(json.loads((HERE / "asyncapi-3.0.0.json").read_bytes()))


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return document()


def test_the_committed_document_is_what_the_code_generates(described: dict[str, Any]) -> None:
    committed = (COMMITTED / "asyncapi.json").read_text(encoding="utf-8")
    assert committed == as_text(described), "contracts/asyncapi.json: run `make contracts`, look at what changes"


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_the_command_writes_the_document_and_nothing_else(described: dict[str, Any], words: list[str]) -> None:
    result = CliRunner().invoke(assemble(["contracts"]), ["contracts", "asyncapi", *words])
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == described


def test_it_is_valid_by_the_official_schema(official: Draft7Validator, described: dict[str, Any]) -> None:
    assert [f"{error.json_path}: {error.message}" for error in official.iter_errors(described)] == []


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (("channels", "journal", "bindings", "kafka", "partitions"), 0),
        (("operations", "routing-sends-court", "action"), "publish"),
        (("components", "messages", MODELS["fr.justice.infoparquet.reply.closed.v1"].event_type, "payload"), []),
    ],
)
def test_the_official_schema_would_refuse_a_mistake(
    official: Draft7Validator, described: dict[str, Any], place: tuple[str, ...], wrong: Any
) -> None:
    mistaken = deepcopy(described)
    *path, last = place
    inside = mistaken
    for name in path:
        inside = inside[name]
    assert last in inside
    inside[last] = wrong
    assert not official.is_valid(mistaken)


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    for reference in references(described):
        inside: Any = described
        for name in reference.removeprefix("#/").split("/"):
            assert name in inside, reference
            inside = inside[name]


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        inside = list(chain.from_iterable(references(value) for value in node.values()))
        return [node["$ref"], *inside] if isinstance(node.get("$ref"), str) else inside
    return list(chain.from_iterable(map(references, node))) if isinstance(node, list) else []


def test_every_type_is_a_message_on_its_topic_s_channel(described: dict[str, Any]) -> None:
    for contract in CONTRACTS:
        channel = described["channels"][contract.stream]
        assert channel["address"] == TOPICS[contract.stream].name
        assert contract.model.event_type in channel["messages"]
    assert sum(len(described["channels"][stream]["messages"]) for stream in TOPICS) == len(MODELS)


@pytest.mark.parametrize("kind", MODELS)
def test_headers_and_payload_of_an_example_are_valid_by_what_its_message_says(
    described: dict[str, Any], kind: str
) -> None:
    message = described["components"]["messages"][kind]
    headers = {"components": described["components"], **message["headers"]}
    assert message["examples"]
    for example in message["examples"]:
        assert list(Draft7Validator(headers).iter_errors(example["headers"])) == []
        assert list(Draft7Validator(message["payload"]).iter_errors(example["payload"])) == []


@pytest.mark.parametrize("kind", MODELS)
def test_a_payload_in_one_piece_refuses_what_the_schema_refuses(described: dict[str, Any], kind: str) -> None:
    whole = Draft7Validator(described["components"]["messages"][kind]["payload"])
    schema = Draft202012Validator(json.loads((COMMITTED / schema_path(kind)).read_bytes()))
    for example in described["components"]["messages"][kind]["examples"]:
        for name in example["payload"]:
            for wrong in (None, "«", -1, [], {}, [None], {"id": 1}):
                value = example["payload"] | {name: wrong}
                assert whole.is_valid(value) == schema.is_valid(value), (name, wrong)
            missing = {other: value for other, value in example["payload"].items() if other != name}
            assert whole.is_valid(missing) == schema.is_valid(missing), name


def test_services_subscribe_to_the_topics_that_declare_them_as_readers_and_to_no_other() -> None:
    reference = load(default_url())
    declared = [*common_topics(), *courts.topics(reference.courts)]
    for reader in readers():
        # The relay reads its own topic itself, without a group.
        read = {*reader.subscriptions, relay_topic(reader.service).name}
        assert read == {topic.name for topic in declared if reader.service in topic.read_by}
        assert reader.group == group_of(reader.service)
    assert [reader.service for reader in readers()] == list(SERVICES)


def test_a_topic_that_nothing_declares_is_named_with_who_reads_it() -> None:
    reader = Reader("query", "infoparquet.query", {"infoparquet.gossip.v1": ""}, {})
    with pytest.raises(Undeclared, match=r"query reads infoparquet\.gossip\.v1"):
        stream_of(reader, "infoparquet.gossip.v1")


@pytest.mark.parametrize("stream", TOPICS)
def test_whoever_may_read_or_write_a_topic_has_an_operation_on_it(described: dict[str, Any], stream: str) -> None:
    topic = TOPICS[stream]  # type: ignore[index]
    on_it = [one for one in described["operations"].values() if one["channel"]["$ref"] == f"#/channels/{stream}"]
    for action, parties in (("receive", topic.read_by), ("send", topic.written_by)):
        tags = {tag["name"] for one in on_it if one["action"] == action for tag in one["tags"]}
        assert tags == {party.partition(":")[0] for party in parties}
