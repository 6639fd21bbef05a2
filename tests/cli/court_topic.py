"""A court's topic on a real Kafka, written as routing's relay writes it: in transactions, committed or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from aiokafka import AIOKafkaProducer
from infoparquet_contracts.codes import UrgencyReason
from infoparquet_contracts.court import Delivery
from infoparquet_contracts.envelope import Event, encode
from infoparquet_contracts.parts import Decision, Urgency
from infoparquet_contracts.topics import tribunal_topic

from chassis.clock import new_id
from chassis.kafka import KafkaSettings
from chassis.topics import create_missing
from tests.builders import NOON, a_submission, an_event


def a_delivery(court: str, *, number: str = "2026-00000042-26", urgent: bool = False, **more: Any) -> Event[Any]:
    """A procedure handed to a court."""
    submitted, procedure = a_submission(), new_id()
    data = Delivery(
        procedure=procedure,
        reference=submitted.reference,
        number=number,
        kind=submitted.kind,
        administration=submitted.administration,
        submitted_at=NOON,
        urgency=Urgency(reason=UrgencyReason.LIMITATION, until=date(2026, 12, 20)) if urgent else None,
        facts=submitted.facts,
        places=submitted.places,
        natinf=submitted.natinf,
        nataff=submitted.nataff,
        decision=Decision(
            tribunal=court, formation=None, rule="cpp-43-facts", legal_basis="CPP art. 43", rule_set="2026-11-23"
        ),
        documents=(),
        dossier_url=f"https://infoparquet.example/v1/dossiers/{procedure}",
    )
    return an_event(data, subject=procedure, source="/services/routing", **more)


@dataclass(frozen=True)
class CourtTopic:
    """One court's."""

    bootstrap: str
    court: str

    @classmethod
    async def create(cls, bootstrap: str, court: str) -> "CourtTopic":
        await create_missing(KafkaSettings(bootstrap=bootstrap), [tribunal_topic(court)])
        return cls(bootstrap, court)

    async def hand_over(self, events: Sequence[Event[Any]], *, aborted: bool = False) -> None:
        """In one transaction."""
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, transactional_id=f"test.{self.court}")
        async with producer:
            await producer.begin_transaction()
            for event in events:
                record = encode(event)
                await producer.send(
                    tribunal_topic(self.court).name, value=record.value, key=record.key, headers=list(record.headers)
                )
            await producer.flush()
            await (producer.abort_transaction() if aborted else producer.commit_transaction())

    async def plant(self, value: bytes, headers: Sequence[tuple[str, bytes | None]] = ()) -> None:
        """Any bytes, as nobody should write them."""
        async with AIOKafkaProducer(bootstrap_servers=self.bootstrap) as producer:
            await producer.send_and_wait(tribunal_topic(self.court).name, value=value, headers=list(headers))
