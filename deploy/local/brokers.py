"""Which broker a data folder runs on: what was asked for, unless the folder was begun on another."""

from collections.abc import Callable, Sequence
from pathlib import Path

from deploy.local.failures import NotFetchedError, StackError
from deploy.local.kafka import ApacheKafka, KafkaNode
from deploy.local.kafka_cluster import SIZE, KafkaCluster
from deploy.local.light import LightBroker
from deploy.local.options import CONTROLLER, KAFKA, Options

Broker = ApacheKafka | KafkaCluster | LightBroker
# Where each kind keeps its data, which a later run finds again.
_DATA = {ApacheKafka.kind: "kafka/log", KafkaCluster.kind: "kafka-1/log", LightBroker.kind: "light/data"}


def chosen_kind(options: Options, data: Path) -> str:
    """What was asked for; for `auto` what `data` began with, else Apache Kafka. Raises StackError on two kinds."""
    began = next((kind for kind, log in _DATA.items() if (data / log).exists()), None)
    if began and options.broker not in ("auto", began):
        raise StackError(
            f"Le dossier {data} ne peut pas servir avec --broker {options.broker}",
            why=f"il a été commencé avec le courtier {began}, et garde ses positions de lecture",
            remedy=f"Choisir --broker {began}, ou un autre dossier par --data.",
        )
    return began or (ApacheKafka.kind if options.broker == "auto" else options.broker)


def broker_ports(options: Options, kind: str) -> dict[int, str]:
    """The ports that kind listens on, and what each is for."""
    if kind == LightBroker.kind:
        return {options.port(KAFKA): "Kafka"}
    places = range(SIZE if kind == KafkaCluster.kind else 1)
    return {options.port(KAFKA + place): "Kafka" for place in places} | {
        options.port(CONTROLLER + place): "contrôleur de Kafka" for place in places
    }


def describe_nodes(broker: Broker) -> list[dict[str, int]]:
    """Who runs where, as the run file says it."""
    nodes: Sequence[KafkaNode | LightBroker] = broker.nodes
    return [{"id": place, "pid": node.pid, "port": node.port} for place, node in enumerate(nodes, 1)]


async def prepared_broker(options: Options, data: Path, say: Callable[[str], None]) -> Broker:
    """The broker, not started, with all it needs. `auto` makes do with `light` where Apache Kafka cannot be had."""
    kind, logs = chosen_kind(options, data), data / "logs"
    light = LightBroker(data / "light", options.port(KAFKA), log=logs / "kafka.log")
    if kind == LightBroker.kind:
        return light
    apache = _apache(options, kind, data, logs)
    try:
        await apache.prepare(say)
    except NotFetchedError as failure:
        if options.broker != "auto" or (data / _DATA[kind]).exists():
            raise
        reason = failure.why.splitlines()[0]
        say(f"{failure.what} ({reason}) : courtier « light » à la place ; un kill -9 y perd la dernière seconde.")
        return light
    return apache


def _apache(options: Options, kind: str, data: Path, logs: Path) -> ApacheKafka | KafkaCluster:
    if kind == KafkaCluster.kind:
        ports, controllers = ([options.port(first + one) for one in range(SIZE)] for first in (KAFKA, CONTROLLER))
        return KafkaCluster(data, ports, controllers, logs=logs, detour=options.detour)
    ports_of_one = options.port(KAFKA), options.port(CONTROLLER)
    return ApacheKafka(data / "kafka", *ports_of_one, log=logs / "kafka.log", detour=options.detour)
