"""Each topic as an AsyncAPI channel: its Kafka settings, who writes and who reads it, what stands on it."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from infoparquet_contracts.catalogue import CONTRACTS, EVERY_COURT, TOPICS, Stream
from infoparquet_contracts.identifiers import NATIONAL_CODES
from infoparquet_contracts.topics import SERVICES, Topic, relay_topic, replication

from cli.asyncapi.messages import BINDING_VERSION, RELAY_MESSAGE

# Nodes of a cluster that is not for development.
_NODES: Final = 3
_TITLES: Final[Mapping[Stream, tuple[str, str]]] = {
    "journal": (
        "Journal des procédures",
        "Tous les faits de toutes les procédures, gardés sans terme ; dans l’ordre pour chaque procédure.",
    ),
    "court": (
        "Messages à un tribunal",
        "Ce qu’un tribunal doit savoir, dans l’ordre où il doit le savoir ; un sujet par tribunal, lu par lui seul.",
    ),
    "replies": (
        "Réponses d’un tribunal",
        "Ce que le tribunal répond, sans texte libre ; un sujet par tribunal. Le mode structuré y est lu aussi.",
    ),
    "dead-letters": (
        "Messages non traités",
        "Ce qu’un service n’a pas pu traiter ou que le bus a refusé : où le trouver, jamais son contenu.",
    ),
}


def channel_of_relay(service: str) -> str:
    """The name of the channel of a service's relay."""
    return f"relay-{service}"


def channels() -> dict[str, Any]:
    """By the names that operations refer to."""
    streams = {stream: _stream(stream, topic) for stream, topic in TOPICS.items()}
    return streams | {channel_of_relay(service): _relay(service) for service in SERVICES}


def _stream(stream: Stream, topic: Topic) -> dict[str, Any]:
    title, description = _TITLES[stream]
    channel = _channel(topic, title, description)
    kinds = [contract.model.event_type for contract in CONTRACTS if contract.stream == stream]
    if EVERY_COURT in topic.name:
        channel["parameters"] = {"code": _court_code()}
    return channel | {"messages": _references(kinds)}


def _relay(service: str) -> dict[str, Any]:
    description = "Compacté ; pour le service seul, qui y retrouve ce qu’il a publié avant d’être interrompu."
    channel = _channel(relay_topic(service), f"Relais de {service}", description)
    return channel | {"messages": _references([RELAY_MESSAGE])}


def _channel(topic: Topic, title: str, description: str) -> dict[str, Any]:
    return {
        "address": topic.name,
        "title": title,
        "description": description,
        "servers": [{"$ref": "#/servers/production"}],
        "bindings": {
            "kafka": {
                "partitions": topic.partitions,
                "replicas": replication(_NODES)[0],
                "topicConfiguration": dict(_configuration(topic)),
                "bindingVersion": BINDING_VERSION,
            }
        },
        "x-key": topic.key,
        "x-written-by": list(topic.written_by),
        "x-read-by": list(topic.read_by),
    }


def _configuration(topic: Topic) -> Iterable[tuple[str, Any]]:
    for name, value in topic.settings(_NODES).items():
        yield name, [value] if name == "cleanup.policy" else json.loads(value)


def _references(kinds: Iterable[str]) -> dict[str, Any]:
    return {kind: {"$ref": f"#/components/messages/{kind}"} for kind in kinds}


def _court_code() -> dict[str, Any]:
    national = ", ".join(NATIONAL_CODES)
    return {
        "description": f"Code Judilibre du tribunal, ou le nom d’un parquet national ({national}).",
        "examples": ["tj33063", "tj75056", *NATIONAL_CODES[:1]],
    }
