"""The models against their own schemas, their registry and the rule that nothing personal can enter them."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from infoparquet_contracts import codes, facts, replies
from infoparquet_contracts.codes import Code, DismissalGround, Orientation, ReplyRefusal, Status
from infoparquet_contracts.envelope import decode, encode
from infoparquet_contracts.identifiers import receipt_id
from infoparquet_contracts.operations import DeadLetter, RelayBatch, position_subject
from infoparquet_contracts.payload import OfProcedure, Payload
from infoparquet_contracts.registry import FACTS, MODELS, REPLIES
from infoparquet_contracts.status import Ineffective
from infoparquet_contracts.versions import is_fact, upcast
from pydantic import ValidationError

from tests.contracts.builders import DELIVERY, OTHER_DELIVERY, PROCEDURE, START, an_event, submitted
from tests.contracts.schema_values import values_of

MODEL_TYPES = list(MODELS.values())


@pytest.mark.parametrize("model", MODEL_TYPES, ids=lambda model: model.event_type)
@settings(max_examples=15)
@given(data=st.data())
def test_what_the_schema_allows_is_decoded_and_written_back_the_same(model: type[Payload], data: st.DataObject) -> None:
    value = data.draw(values_of(model))
    payload = model.model_validate_json(json.dumps(value), by_alias=True, by_name=False)
    subject = payload.procedure if isinstance(payload, OfProcedure) else PROCEDURE
    event = an_event(payload, subject=subject)
    record = encode(event)
    read = decode(record.key, record.value, record.headers)
    assert read == replace(event, type=read.type, data=upcast(payload))
    assert json.loads(record.value).keys() == value.keys()


def test_every_type_is_named_for_its_stream_its_fact_and_its_version() -> None:
    streams = {
        "facts": "procedure.",
        "earlier": "procedure.",
        "court": "tribunal.",
        "replies": "reply.",
        "operations": "",
    }
    for event_type, model in MODELS.items():
        stream = streams[model.__module__.rpartition(".")[2]]
        assert re.fullmatch(rf"fr\.justice\.infoparquet\.{stream}{model.fact}\.v[1-9][0-9]*", event_type)
        # Else the release before would not keep it for this one.
        assert is_fact(event_type) == (stream == "procedure.")


def test_every_payload_class_with_a_type_is_in_the_registry() -> None:
    def below(model: type[Payload]) -> set[type[Payload]]:
        return {model}.union(*(below(child) for child in model.__subclasses__()))

    ours = {model for model in below(Payload) if model.__module__.startswith("infoparquet_contracts.")}
    assert {model for model in ours if hasattr(model, "event_type")} == set(MODEL_TYPES)


def test_every_reply_becomes_the_fact_of_its_name_with_the_same_fields() -> None:
    of_name = {model.fact: model for model in FACTS}
    for reply in REPLIES:
        carried = set(of_name[reply.fact].model_fields) - {"tribunal", "reply"}
        assert set(reply.model_fields) - {"procedure"} == carried


def test_a_model_is_frozen_and_closed_and_its_errors_do_not_show_the_input() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        submitted().reference = "autre"  # type: ignore[misc]  # what the test is about
    with pytest.raises(ValidationError) as refused:
        facts.Numbered.model_validate({"number": "Jean Dupont", "authority": "local", "Dupont": 1})
    assert "Jean" not in str(refused.value)


def test_nulls_and_the_names_of_json_are_written() -> None:
    written = json.loads(encode(an_event(submitted())).value)
    assert written["urgency"] is None
    assert written["facts"] == {"from": "2021-03-01", "to": None}


@pytest.mark.parametrize("orientation", Orientation)
@pytest.mark.parametrize("ground", [None, DismissalGround.NO_OFFENCE])
def test_a_ground_goes_with_a_dismissal_and_with_nothing_else(
    orientation: Orientation, ground: DismissalGround | None
) -> None:
    def decide() -> replies.DecidedReply:
        return replies.DecidedReply(
            procedure=PROCEDURE, delivery=DELIVERY, at=START, orientation=orientation, ground=ground
        )

    if (orientation is Orientation.DISMISSAL) == (ground is not None):
        assert decide().ground is ground
    else:
        with pytest.raises(ValidationError) as refused:
            decide()
        assert refused.value.errors()[0]["loc"] == ("ground",)


def test_a_dismissal_reply_without_its_ground_is_refused_at_the_ground() -> None:
    value = {"procedure": str(PROCEDURE), "delivery": str(DELIVERY), "at": "2026-11-23T09:00:00Z"}
    with pytest.raises(ValidationError) as refused:
        replies.DecidedReply.model_validate_json(json.dumps(value | {"orientation": "dismissal"}))
    assert refused.value.errors()[0]["loc"] == ("ground",)


def test_a_relay_batch_is_one_number() -> None:
    assert RelayBatch(batch=7).model_dump_json() == '{"batch":7}'
    with pytest.raises(ValidationError):
        RelayBatch.model_validate_json('{"batch":-1}')


def test_a_dead_letter_tells_where_and_why_but_never_what() -> None:
    assert set(DeadLetter.model_fields) == {"service", "topic", "partition", "offset", "digest", "code", "pointer"}


def test_ids_made_from_others_are_the_same_each_time_and_differ_between_two() -> None:
    assert receipt_id(DELIVERY) == receipt_id(DELIVERY) != receipt_id(OTHER_DELIVERY)
    assert receipt_id(DELIVERY).version == 5
    journal = "infoparquet.procedures.v1"
    assert position_subject(journal, 1, 2) == position_subject(journal, 1, 2) != position_subject(journal, 1, 3)


def _every_code() -> list[type[Code]]:
    return [value for value in vars(codes).values() if isinstance(value, type) and issubclass(value, Code)]


def test_every_code_has_a_french_label_of_its_own() -> None:
    for code in _every_code():
        labels = [member.label for member in code]
        assert all(labels), code
        assert len(set(labels)) == len(labels), code


def test_every_code_is_written_in_lower_case_words() -> None:
    for code in _every_code():
        assert all(member.value == member.name.lower().replace("_", "-") for member in code), code


def test_every_reason_to_refuse_a_reply_in_the_fold_can_be_said_to_the_court() -> None:
    told = {Ineffective.OTHER_TRIBUNAL, Ineffective.OTHER_DELIVERY, Ineffective.OUT_OF_TURN}
    assert {ReplyRefusal(reason.value) for reason in told} < set(ReplyRefusal)


def test_a_reply_s_fact_is_a_status() -> None:
    assert {reply.fact for reply in REPLIES} < {status.value for status in Status}
