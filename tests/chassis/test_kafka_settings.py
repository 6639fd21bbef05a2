"""Every client of Kafka is let in the same way, whatever the protocol: FastStream's consumer as the bare ones."""

import ssl
from typing import Any

import pytest
from pydantic import SecretStr

from chassis.application import Application
from chassis.consumer import Consumer, ConsumerParts
from chassis.crash import CrashPoints
from chassis.database import open_engine
from chassis.doorbell import Doorbell
from chassis.kafka import KafkaProbe, KafkaSettings
from chassis.metrics import Metrics
from chassis.room import Room
from chassis.telemetry import Telemetry
from chassis.transaction import Transactions

PASSWORD = SecretStr("secret")


def signed_in(protocol: str, mechanism: str | None) -> KafkaSettings:
    values = {"security_protocol": protocol, "sasl_mechanism": mechanism, "sasl_username": "numbering"}
    return KafkaSettings.model_validate({"bootstrap": "127.0.0.1:9", "sasl_password": PASSWORD, **values})


def consumer_of(kafka: KafkaSettings) -> Consumer:
    engine = open_engine("postgresql://nobody@127.0.0.1:9/none", name="tests")
    return Consumer(
        ConsumerParts(
            Application("numbering", {}, Telemetry("tests", {}), Metrics()),
            Transactions(
                engine, service="numbering", relay_bell=Doorbell(engine, "tests"), room=Room(2**30, Metrics())
            ),
            kafka,
            KafkaProbe(kafka, "numbering"),
            ["infoparquet.procedures.v1"],
            "tests:1",
            CrashPoints(),
            lambda: None,
        )
    )


def comparable(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments about security; two contexts made alike are never equal."""
    names = ("security_protocol", "sasl_mechanism", "sasl_plain_username", "sasl_plain_password", "ssl_context")
    chosen = {name: arguments[name] for name in names if arguments.get(name) is not None}
    return {name: ssl.SSLContext if isinstance(one, ssl.SSLContext) else one for name, one in chosen.items()}


@pytest.mark.parametrize("mechanism", [None, "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"])
async def test_the_consumer_is_let_in_as_every_other_client(protocol: str, mechanism: str | None) -> None:
    kafka = signed_in(protocol, mechanism)
    others = kafka.client("tests")
    its_own = consumer_of(kafka).broker.config.broker_config.builder.keywords  # type: ignore[attr-defined]  # a partial
    # Without security it is told nothing, and takes it so.
    assert {"security_protocol": "PLAINTEXT"} | comparable(its_own) == comparable(others)
    assert its_own["bootstrap_servers"] == others["bootstrap_servers"]
