"""The one declaration of the topics against the architecture's two tables."""

import pytest
from infoparquet_contracts.envelope import MAX_EVENT_BYTES
from infoparquet_contracts.identifiers import CourtTopicName, TopicName
from infoparquet_contracts.topics import (
    DEAD_LETTERS,
    JOURNAL,
    OPERATOR,
    SERVICES,
    Topic,
    common_topics,
    group_of,
    relay_topic,
    replication,
    replies_topic,
    transactional_id,
    tribunal_group,
    tribunal_topic,
)
from pydantic import TypeAdapter

DAY = 24 * 3_600 * 1_000
RELAY, COURT, REPLIES = relay_topic("routing"), tribunal_topic("tj33063"), replies_topic("tj33063")
EVERY = [JOURNAL, DEAD_LETTERS, RELAY, COURT, REPLIES]


@pytest.mark.parametrize(
    ("topic", "name", "partitions", "kept"),
    [
        (JOURNAL, "infoparquet.procedures.v1", 24, -1),
        (DEAD_LETTERS, "infoparquet.dead-letters.v1", 6, 90 * DAY),
        (COURT, "infoparquet.tribunal.tj33063.v1", 1, -1),
        (REPLIES, "infoparquet.tribunal.tj33063.replies.v1", 1, 400 * DAY),
    ],
)
def test_events_are_kept_as_long_as_the_table_says_and_never_compacted(
    topic: Topic, name: str, partitions: int, kept: int
) -> None:
    assert (topic.name, topic.partitions) == (name, partitions)
    assert topic.config["cleanup.policy"] == "delete"
    assert (topic.config["retention.ms"], topic.config["retention.bytes"]) == (str(kept), "-1")


def test_a_relay_s_topic_has_one_partition_and_is_compacted() -> None:
    assert (RELAY.name, RELAY.partitions, RELAY.key) == ("infoparquet.routing.relay.v1", 1, "service")
    assert RELAY.config["cleanup.policy"] == "compact"


@pytest.mark.parametrize("topic", [JOURNAL, DEAD_LETTERS, COURT, REPLIES], ids=lambda topic: topic.name)
def test_the_greatest_event_fits_in_a_batch(topic: Topic) -> None:
    assert int(topic.config["max.message.bytes"]) >= 2 * MAX_EVENT_BYTES


def test_a_relay_s_greatest_batch_fits_in_its_segment() -> None:
    assert int(RELAY.config["max.message.bytes"]) < int(RELAY.config["segment.bytes"])


@pytest.mark.parametrize(("nodes", "expected"), [(1, (1, 1)), (2, (1, 1)), (3, (3, 2)), (5, (3, 2))])
def test_replication_is_three_with_two_in_sync_where_there_are_three_nodes(
    nodes: int, expected: tuple[int, int]
) -> None:
    assert replication(nodes) == expected
    assert all(topic.settings(nodes)["min.insync.replicas"] == str(expected[1]) for topic in EVERY)


def test_writers_and_readers_are_those_of_the_table() -> None:
    assert {topic.name: (topic.written_by, topic.read_by) for topic in EVERY} == {
        JOURNAL.name: (("intake", "numbering", "routing", "notify"), SERVICES),
        DEAD_LETTERS.name: (SERVICES, (OPERATOR,)),
        RELAY.name: (("routing",), ("routing",)),
        COURT.name: (("routing",), ("tribunal:tj33063",)),
        REPLIES.name: (("tribunal:tj33063",), ("routing",)),
    }


def test_the_common_topics_are_the_journal_the_dead_letters_and_a_relay_s_for_each_service() -> None:
    relays = {f"infoparquet.{service}.relay.v1" for service in ("intake", "numbering", "routing", "notify", "query")}
    assert {topic.name for topic in common_topics()} == {JOURNAL.name, DEAD_LETTERS.name} | relays
    assert [topic.name for topic in common_topics(["intake"])][2:] == ["infoparquet.intake.relay.v1"]


def test_groups_and_transactional_ids_are_fixed() -> None:
    assert group_of("routing") == "infoparquet.routing"
    assert transactional_id("routing") == "infoparquet.routing.relay"
    assert tribunal_group("tj33063", "listen") == "tribunal.tj33063.listen"


def test_the_topics_named_in_events_fit_their_types() -> None:
    for topic in EVERY:
        TypeAdapter(TopicName).validate_python(topic.name)
    for code in ("tj33063", "tj2a004", "tj97502", "pnf", "pnat", "pnaco"):
        TypeAdapter(CourtTopicName).validate_python(tribunal_topic(code).name)
