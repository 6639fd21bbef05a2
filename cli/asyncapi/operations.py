"""Who reads and who writes each channel: services as their code subscribes, courts and operators as declared."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from infoparquet_contracts.catalogue import CONTRACTS, EVERY_COURT, TOPICS, Stream
from infoparquet_contracts.identifiers import TRIBUNAL_PATTERN
from infoparquet_contracts.topics import OPERATOR, SERVICES, transactional_id, tribunal_group

from cli.asyncapi.channels import channel_of_relay
from cli.asyncapi.messages import BINDING_VERSION, RELAY_MESSAGE
from cli.contracts_services import Reader, is_of, readers

_COURT: Final = f"tribunal:{EVERY_COURT}"
_PARTIES: Final = {_COURT: "tribunal", OPERATOR: "operator"}
_RELAYED: Final = "Publié par le relais du service, une fois, en transactions Kafka."


class Undeclared(ValueError):  # noqa: N818 - says what is wrong
    """A service subscribes to a topic that the contracts do not declare."""

    def __init__(self, service: str, topic: str) -> None:
        super().__init__(f"{service} reads {topic}, which no declaration of a topic holds")


def operations() -> dict[str, Any]:
    """By who does what on which channel: `routing-receives-replies`."""
    return dict((*_received_by_services(), *_received_by_others(), *_sent(), *_relayed()))


def _received_by_services() -> Iterator[tuple[str, Any]]:
    for reader in readers():
        for stream in dict.fromkeys(stream_of(reader, topic) for topic in reader.subscriptions):
            kinds = [one.model.event_type for one in CONTRACTS if one.stream == stream and reader.takes(one)]
            operation = _operation(reader.service, "receive", stream, kinds)
            operation["description"] = _described(reader, stream)
            operation["bindings"] = _group({"enum": [reader.group]})
            yield f"{reader.service}-receives-{stream}", operation


def stream_of(reader: Reader, topic: str) -> Stream:
    """The declared stream that a topic which a service subscribes to is of. Raises Undeclared."""
    for stream, declared in TOPICS.items():
        if is_of(declared, topic):
            return stream
    raise Undeclared(reader.service, topic)


def _described(reader: Reader, stream: Stream) -> str:
    topics = [topic for topic in reader.subscriptions if is_of(TOPICS[stream], topic)]
    count = f" {len(topics)} sujets, un par tribunal." if len(topics) > 1 else ""
    return f"{reader.subscriptions[topics[0]]}{count}"


def _received_by_others() -> Iterator[tuple[str, Any]]:
    for stream, topic in TOPICS.items():
        for reader in topic.read_by:
            if reader in SERVICES:
                continue
            operation = _operation(_PARTIES[reader], "receive", stream, _kinds(stream))
            if reader == _COURT:
                operation["description"] = "À lire en read_committed, depuis le début pour un groupe nouveau."
                operation["bindings"] = _group({"pattern": _court_groups()})
            yield f"{_PARTIES[reader]}-receives-{stream}", operation


def _sent() -> Iterator[tuple[str, Any]]:
    for stream, topic in TOPICS.items():
        for writer in topic.written_by:
            kinds = [one.model.event_type for one in CONTRACTS if one.stream == stream and writer in one.said_by]
            party = _PARTIES.get(writer, writer)
            operation = _operation(party, "send", stream, kinds)
            if writer in SERVICES:
                operation |= {"description": _RELAYED, "x-transactional-id": transactional_id(writer)}
            yield f"{party}-sends-{stream}", operation


def _relayed() -> Iterator[tuple[str, Any]]:
    for service in SERVICES:
        channel = channel_of_relay(service)
        sends = _operation(service, "send", channel, [RELAY_MESSAGE])
        yield f"{service}-sends-{channel}", sends | {"x-transactional-id": transactional_id(service)}
        receives = _operation(service, "receive", channel, [RELAY_MESSAGE])
        yield f"{service}-receives-{channel}", receives | {"description": "Lu en entier au démarrage, sans groupe."}


def _kinds(stream: Stream) -> list[str]:
    return [one.model.event_type for one in CONTRACTS if one.stream == stream]


def _operation(party: str, action: str, channel: str, kinds: Iterable[str]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{kind}"} for kind in kinds],
        "tags": [{"name": party}],
    }


def _group(named: dict[str, Sequence[str] | str]) -> dict[str, Any]:
    return {"kafka": {"groupId": {"type": "string", **named}, "bindingVersion": BINDING_VERSION}}


def _court_groups() -> str:
    return f"^{tribunal_group(TRIBUNAL_PATTERN, '[a-z0-9-]+').replace('.', '[.]')}$"
