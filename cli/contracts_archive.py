"""What a release adds to the archive of events: its golden samples, and facts of a system that runs."""

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from infoparquet_contracts.catalogue import TOPICS
from infoparquet_contracts.record import Record
from infoparquet_contracts.topics import JOURNAL

from cli.contracts_history import FILE, Archived, grown, one_of_each_road, read
from cli.contracts_tree import Said, Tree

_STEP_SECONDS = 10.0


class NoJournal(Exception):  # noqa: N818 - says what is wrong without the suffix
    """No system runs on that folder, or its journal cannot be read."""


def archive(tree: Tree, release: str, data: Path | None) -> int:
    """Add what a release wrote, unless the archive has it already; how many records. Raises NoJournal, Rewritten."""
    file = tree.folder / FILE
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    if release in read(text).releases:
        return 0
    said = tree.said()
    journal = [] if data is None else asyncio.run(_journal_of(data))
    records = [*one_of_each_road(journal), *_samples_of(tree, said)]
    draft = file.with_suffix(".new")
    draft.write_text(grown(text, release, records, {one.type: one.schema for one in said}), encoding="utf-8")
    draft.replace(file)
    return len(records)


def _samples_of(tree: Tree, said: Iterable[Said]) -> list[Archived]:
    """The golden samples of every version, in the order they were said."""
    topics = {one.type: TOPICS[one.stream].name for one in said}
    found = []
    for file in sorted((tree.folder / "contracts/golden").glob("*/*.json")):
        sample = json.loads(file.read_text(encoding="utf-8"))
        headers = tuple((name, text.encode()) for name, text in sample["headers"].items())
        value = json.dumps(sample["value"], ensure_ascii=False, separators=(",", ":")).encode()
        found.append(Archived(topics[file.parent.name], Record(sample["key"].encode(), value, headers)))
    return sorted(found, key=lambda one: dict(one.record.headers)["ce_time"])


async def _journal_of(data: Path) -> list[Archived]:
    """Every fact of a running system's journal, partition by partition."""
    try:
        kafka = json.loads((data / "run.json").read_text(encoding="utf-8"))["kafka"]
        consumer = AIOKafkaConsumer(bootstrap_servers=kafka, isolation_level="read_committed", enable_auto_commit=False)
        try:
            await asyncio.wait_for(consumer.start(), _STEP_SECONDS)
            return await _read_all(consumer)
        finally:
            await consumer.stop()
    except (OSError, ValueError, KeyError, KafkaError, TimeoutError) as error:
        raise NoJournal(f"{data} : {type(error).__name__}") from error


async def _read_all(consumer: AIOKafkaConsumer) -> list[Archived]:
    partitions = [TopicPartition(JOURNAL.name, one) for one in range(JOURNAL.partitions)]
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    ends = await consumer.end_offsets(partitions)
    found = []
    while any([await consumer.position(one) < end for one, end in ends.items()]):
        for records in (await consumer.getmany(timeout_ms=200)).values():
            found += records
    found.sort(key=lambda one: (one.partition, one.offset))
    return [Archived(JOURNAL.name, Record(one.key, one.value, tuple(one.headers))) for one in found]
