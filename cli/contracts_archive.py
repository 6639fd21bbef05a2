"""What a release adds to the archive of events: its golden samples, and facts of a system that runs."""

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path

from aiokafka.errors import KafkaError
from infoparquet_contracts.catalogue import TOPICS
from infoparquet_contracts.record import Record
from infoparquet_contracts.topics import JOURNAL

from cli.contracts_history import FILE, Archived, grown, one_of_each_road, read
from cli.contracts_tree import Said, Tree
from cli.faults.evidence import records

_START_SECONDS = 10.0


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
    added = [*one_of_each_road(journal), *_samples_of(tree, said)]
    draft = file.with_suffix(".new")
    draft.write_text(grown(text, release, added, {one.type: one.schema for one in said}), encoding="utf-8")
    draft.replace(file)
    return len(added)


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
        found = await records(kafka, JOURNAL, start_limit=_START_SECONDS)
    except (OSError, ValueError, KeyError, KafkaError, TimeoutError) as error:
        raise NoJournal(f"{data} : {type(error).__name__}") from error
    found.sort(key=lambda one: (one.partition, one.offset))
    return [Archived(JOURNAL.name, Record(one.key, one.value, tuple(one.headers))) for one in found]
