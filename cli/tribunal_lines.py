"""A message of a court's topic in one line: for people, in French and in Paris time, or as a CloudEvent in JSON."""

from typing import Any, Final

from aiokafka import ConsumerRecord
from infoparquet_contracts.court import Delivery, Notice, Recall, ReplyRefused, Supplement, Withdrawal
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.parts import Urgency
from infoparquet_contracts.payload import Payload
from rich.text import Text

from chassis.clock import PARIS

_BETWEEN: Final = "  "


def as_cloud_event(record: ConsumerRecord, event: Event[Any]) -> dict[str, Any]:
    """The CloudEvents JSON format, with where the topic has it as extensions."""
    shown = {
        "specversion": "1.0",
        "id": str(event.id),
        "source": event.source,
        "type": event.type,
        "subject": str(event.subject),
        "time": event.time.isoformat().replace("+00:00", "Z"),
        "dataschema": event.dataschema,
        "datacontenttype": "application/json",
        "partition": record.partition,
        "offset": record.offset,
        "data": event.data.model_dump(mode="json"),
    }
    return shown | ({"traceparent": event.traceparent} if event.traceparent else {})


def line_of(event: Event[Any]) -> Text:
    """One line; what is urgent stands out."""
    at = event.time.astimezone(PARIS)
    return Text(_BETWEEN).join([Text(f"{at:%d/%m/%Y %H:%M:%S}", style="dim"), *_parts(event)])


def _parts(event: Event[Any]) -> list[Text]:
    data: Payload = event.data
    match data:
        case Delivery() | Notice():
            return _delivered(data)
        case Supplement():
            return _about(event, "complément", _counted(len(data.documents)))
        case Withdrawal():
            return _about(event, "retrait", data.reason.label)
        case Recall():
            return _about(event, "dessaisissement", data.reason.label)
        case ReplyRefused():
            return _about(event, "réponse refusée", data.code.label, data.pointer)
        case _:
            return _about(event, data.fact)


def _delivered(data: Delivery | Notice) -> list[Text]:
    """Number, reference, administration, urgency, rule, how many documents, and where the dossier is."""
    urgency = [] if data.urgency is None else [Text(_urgent(data.urgency), style="bold red")]
    where = Text(data.dossier_url, style="underline") if isinstance(data, Delivery) else Text("pour information")
    return [
        Text(data.number, style="bold"),
        Text(data.reference),
        Text(data.administration),
        *urgency,
        Text(data.decision.rule, style="dim"),
        Text(_counted(len(data.documents))),
        where,
    ]


def _counted(documents: int) -> str:
    if not documents:
        return "sans pièce"
    return f"{documents} pièce{'s' if documents > 1 else ''}"


def _urgent(urgency: Urgency) -> str:
    until = "" if urgency.until is None else f", avant le {urgency.until:%d/%m/%Y}"
    return f"URGENT : {urgency.reason.label[0].lower()}{urgency.reason.label[1:]}{until}"


def _about(event: Event[Any], what: str, *more: str) -> list[Text]:
    return [Text(what, style="bold"), Text(str(event.subject)), *(Text(one) for one in more if one)]
