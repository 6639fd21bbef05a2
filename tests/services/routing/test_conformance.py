"""What routing says of a procedure's whole road, record by record as its outbox has them, held against CloudEvents."""

import json
import re
from collections import Counter

from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka
from cloudevents.core.formats.json import JSONFormat

from tests.services.in_process import InProcess
from tests.services.routing.facts import a_reply, handed_over

COURT = "tj33063"
TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z")


async def test_every_record_is_a_cloudevent_with_an_id_of_its_own_under_its_procedure_s_key(routing: InProcess) -> None:
    delivery = await handed_over(routing)
    replies = [a_reply(delivery, fact) for fact in ("acknowledged", "registered", "decided", "closed")]
    await routing.read_replies(COURT, *replies, a_reply(delivery, "declined"))
    rows = await routing.rows("SELECT topic, key, value, headers FROM outbox ORDER BY id")
    said = [from_kafka(KafkaMessage(_headers(text), key, value), JSONFormat()) for _, key, value, text in rows]
    for event, (_, key, value, headers) in zip(said, rows, strict=True):
        assert event.get_subject() == key.decode() == str(delivery.subject)
        assert TIME.fullmatch(_headers(headers)["ce_time"].decode())
        assert event.get_data() == json.loads(value)
    assert set(Counter(event.get_id() for event in said).values()) == {1}
    kinds = Counter(event.get_type().removeprefix("fr.justice.infoparquet.") for event in said)
    assert kinds == Counter(
        [
            "procedure.routed.v2",
            "procedure.routed.v1",
            "tribunal.delivery.v1",
            "procedure.acknowledged.v1",
            "procedure.registered.v1",
            "procedure.decided.v1",
            "procedure.closed.v1",
            "tribunal.reply-refused.v1",
        ]
    )


def _headers(text: str) -> dict[str, bytes]:
    return {name: value.encode() for name, value in json.loads(text)}
