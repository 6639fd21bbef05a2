"""Puts the page together: topics, then every event at each of its versions, the newest first."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, NamedTuple

import jinja2
from infoparquet_contracts.catalogue import CONTRACTS, EVERY_COURT, TOPICS, Contract, Stream
from infoparquet_contracts.envelope import MAX_EVENT_BYTES
from infoparquet_contracts.french import says
from infoparquet_contracts.published import GOLDEN, Golden, schema_path
from infoparquet_contracts.registry import NAMESPACE
from infoparquet_contracts.schemas import schema_of
from infoparquet_contracts.topics import OPERATOR, SERVICES, Topic, group_of, relay_topic, tribunal_group
from markupsafe import Markup, escape

from cli.contracts_page.fields import Field, fields_of
from cli.contracts_services import consumers_of

_FOLDER: Final = Path(__file__).parent
_COURT: Final = f"tribunal:{EVERY_COURT}"
# In the name of the relays' topics, as a court's code in those of the courts'.
_ANY_SERVICE: Final = "{service}"
_NAMES: Final = {_COURT: "le tribunal", OPERATOR: "les exploitants", _ANY_SERVICE: "ce service"}
_TITLES: Final[Mapping[Stream, str]] = {
    "journal": "Les faits du journal",
    "court": "Ce qu’un tribunal reçoit",
    "replies": "Ce qu’un tribunal répond",
    "dead-letters": "Ce que les exploitants reçoivent",
}
# A name or a text in JSON, or a number, true, false, null.
_TOKEN: Final = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|\b(-?[0-9][0-9.eE+-]*|true|false|null)\b')


class Example(NamedTuple):
    """A golden sample: its headers, and its value as it is shown."""

    case: str
    key: str
    headers: Mapping[str, str]
    value: Markup


@dataclass(frozen=True, slots=True)
class Version:
    """One type of event at one version."""

    contract: Contract
    newer: int | None
    fields: tuple[Field, ...]
    examples: tuple[Example, ...]
    schema: Markup
    schema_file: str

    @property
    def type(self) -> str:
        return self.contract.model.event_type

    @property
    def anchor(self) -> str:
        """What links to it end with."""
        return self.type.removeprefix(NAMESPACE).replace(".", "-")

    @property
    def producers(self) -> str:
        return _named(self.contract.said_by)

    @property
    def consumers(self) -> str:
        return _named(consumers_of(self.contract))


class Event(NamedTuple):
    """All versions of one type, the newest first."""

    name: str
    says: str
    versions: tuple[Version, ...]


class Section(NamedTuple):
    """What stands on one topic."""

    stream: Stream
    title: str
    topic: Topic
    events: tuple[Event, ...]


class TopicRow(NamedTuple):
    """A topic as the table of topics says it."""

    name: str
    key: str
    partitions: int
    kept: str
    writers: str
    readers: str
    groups: str


def page() -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = breakable
    return environment.get_template("page.html").render(
        sections=[_section(stream) for stream in TOPICS],
        topics=list(_topics()),
        most_kib=MAX_EVENT_BYTES // 1024,
        namespace=NAMESPACE,
    )


def _section(stream: Stream) -> Section:
    contracts = [one for one in CONTRACTS if one.stream == stream]
    facts = dict.fromkeys(one.model.fact for one in contracts)
    events = (_event([one for one in contracts if one.model.fact == fact]) for fact in facts)
    return Section(stream, _TITLES[stream], TOPICS[stream], tuple(events))


def _event(contracts: Iterable[Contract]) -> Event:
    newest_first = sorted(contracts, key=lambda one: -one.version)
    newer = [None, *(one.version for one in newest_first)]
    model = newest_first[0].model
    versions = tuple(_version(one, after) for one, after in zip(newest_first, newer, strict=False))
    return Event(model.fact, says(model), versions)


def _version(contract: Contract, newer: int | None) -> Version:
    kind = contract.model.event_type
    return Version(
        contract,
        newer,
        fields_of(contract.model),
        tuple(_example(one) for one in GOLDEN[kind]),
        highlighted(schema_of(contract.model)),
        schema_path(kind),
    )


def _example(golden: Golden) -> Example:
    document = golden.document
    return Example(golden.case, document["key"], document["headers"], highlighted(document["value"]))


def highlighted(document: object) -> Markup:
    """JSON with its names, texts and other values marked for colour."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    pieces, end = [], 0
    for found in _TOKEN.finditer(text):
        quoted, colon, bare = found.groups()
        kind = "n" if colon else "s" if quoted else "v"
        marked = Markup('<span class="{}">{}</span>').format(kind, quoted or bare)
        pieces += [escape(text[end : found.start()]), marked, escape(colon or "")]
        end = found.end()
    return Markup("").join([*pieces, escape(text[end:])])


def breakable(name: str) -> Markup:
    """A long name that may be cut after its dots."""
    return Markup(".<wbr>").join(map(escape, name.split(".")))


def _topics() -> Iterator[TopicRow]:
    for topic in TOPICS.values():
        yield _row(topic, "identifiant de la procédure")
    yield _row(relay_topic(_ANY_SERVICE), "nom du service")


def _row(topic: Topic, key: str) -> TopicRow:
    readers = [one for one in topic.read_by if one in SERVICES]
    groups = [group_of(one) for one in readers] if topic in TOPICS.values() else []
    if _COURT in topic.read_by:
        groups = [tribunal_group(EVERY_COURT, "*")]
    return TopicRow(
        topic.name,
        key,
        topic.partitions,
        _kept(topic.config),
        _named(topic.written_by),
        _named(topic.read_by),
        ", ".join(groups) or "–",
    )


def _kept(config: Mapping[str, str]) -> str:
    if config["cleanup.policy"] == "compact":
        return "compacté"
    term = int(config["retention.ms"])
    return "sans terme" if term < 0 else f"{timedelta(milliseconds=term).days} jours"


def _named(parties: Iterable[str]) -> str:
    names = [_NAMES.get(one, one) for one in parties]
    return "tous les services" if names == list(SERVICES) else ", ".join(names)
