"""The five services, built as they run but without a broker or a database: what each subscribes to, takes and serves.

FastStream says what its subscribers read; which facts are taken is the table that the consumer goes by.
"""

import functools
import importlib
from collections.abc import Mapping
from dataclasses import dataclass

from faststream.kafka.subscriber.usecase import LogicSubscriber
from faststream.specification import AsyncAPI
from infoparquet_contracts.catalogue import EVERY_COURT, Contract
from infoparquet_contracts.topics import SERVICES, Topic

from chassis.service import Running
from chassis.settings import Settings
from chassis.sources import Source
from cli.service import settings_of
from reference import default_url


@dataclass(frozen=True, slots=True)
class Reader:
    """A service as a reader of topics; `subscriptions` are the topics of its consumer group, in its own words."""

    service: str
    group: str
    subscriptions: Mapping[str, str]
    sources: Mapping[str, Source]

    def takes(self, contract: Contract) -> bool:
        """Whether it has a handler for events of that type on their topic."""
        return any(
            is_of(contract.topic, name) and source.handler(contract.model.event_type) is not None
            for name, source in self.sources.items()
        )


@functools.cache
def readers() -> tuple[Reader, ...]:
    """Every service, in the order of the topics' declaration."""
    return tuple(_reader(name) for name in SERVICES)


def consumers_of(contract: Contract) -> tuple[str, ...]:
    """Who reads events of that type: services that have a handler, and whoever else the topic is for."""
    takers = {reader.service for reader in readers() if reader.takes(contract)}
    return tuple(one for one in contract.topic.read_by if one in takers or one not in SERVICES)


def is_of(topic: Topic, name: str) -> bool:
    """Whether that is the topic's name, a court's among those of all courts."""
    before, every, after = topic.name.partition(EVERY_COURT)
    if not every:
        return name == topic.name
    code = name.removeprefix(before).removesuffix(after)
    return name == f"{before}{code}{after}" and "." not in code


@functools.cache
def running(name: str) -> Running:
    """The service, put together; it connects to nothing before it is served."""
    settings = _settings(name)
    return Running(importlib.import_module(f"services.{name}.service").build(settings), settings)


def _reader(name: str) -> Reader:
    consumer = running(name).consumer
    (group,) = {str(one.group_id) for one in consumer.broker.subscribers if isinstance(one, LogicSubscriber)}
    channels = AsyncAPI(consumer.broker, schema_version="3.0.0").to_specification().to_jsonable()["channels"]
    subscriptions = {channel["address"]: channel.get("description", "") for channel in channels.values()}
    return Reader(name, group, subscriptions, consumer.parts.application.sources)


def _settings(name: str) -> Settings:
    """Each setting's own example or default, whatever the environment says; the reference data of the package."""
    model = settings_of(name)
    values = {
        field: declared.examples[0] if declared.is_required() and declared.examples else declared.default
        for field, declared in model.model_fields.items()
    }
    return model.model_validate(values | {"reference_url": default_url()})
