"""What facts say, in the French that agents, clerks and magistrates read; rendered each time, never stored."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from infoparquet_contracts import facts
from infoparquet_contracts.parts import Urgency
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.status import Ineffective

from chassis.french import moment
from reference.names import Names
from services.query.related import Why

WHY_NOT: Final[Mapping[Ineffective, str]] = {
    Ineffective.NOT_SUBMITTED: "la procédure n’était pas encore déposée",
    Ineffective.ALREADY_SAID: "déjà connu",
    Ineffective.WITHDRAWN: "la procédure était retirée",
    Ineffective.OTHER_TRIBUNAL: "ce tribunal n’était pas saisi",
    Ineffective.OTHER_DELIVERY: "cette remise n’était plus en vigueur",
    Ineffective.OUT_OF_TURN: "impossible dans l’état de la procédure",
    Ineffective.NOT_URGENT: "la procédure n’était pas urgente",
    Ineffective.NOT_A_FACT: "fait inconnu",
}

_IN_COMMON: Final[Mapping[Why, str]] = {
    Why.COMMUNE: "même commune",
    Why.DATES: "dates des faits qui se recouvrent",
    Why.NATINF: "même infraction (NATINF)",
    Why.NATAFF: "même nature d’affaire (NATAFF)",
}


def describe(data: Payload, names: Names) -> str:
    """One sentence on a fact, without its full stop."""
    return _SENTENCES[type(data)](data, names)


def describe_urgency(urgency: Urgency) -> str:
    """« prescription proche, avant le 20/12/2026 »."""
    reason = _lower(urgency.reason.label)
    return reason if urgency.until is None else f"{reason}, avant le {_day(urgency.until)}"


def describe_relation(why: Sequence[Why]) -> str:
    """« Même commune, dates des faits qui se recouvrent, même infraction (NATINF) »."""
    said = ", ".join(_IN_COMMON[one] for one in why)
    return said[:1].upper() + said[1:]


def _submitted(data: facts.Submitted, _: Names) -> str:
    urgency = "" if data.urgency is None else f" ; urgente : {describe_urgency(data.urgency)}"
    return f"Déposée par {data.administration} sous la référence {data.reference} ({_lower(data.kind.label)}){urgency}"


def _supplemented(data: facts.Supplemented, _: Names) -> str:
    count = len(data.documents)
    if not count:
        return "Complétée par des précisions"
    return "Complétée par " + ("une pièce" if count == 1 else f"{count} pièces")


def _document_infected(data: facts.DocumentInfected, _: Names) -> str:
    whose = "de la procédure" if data.supplement is None else "d’un complément"
    return f"Programme malveillant détecté dans une pièce {whose}, non remise au tribunal : {data.document}"


def _routed(data: facts.Routed, names: Names) -> str:
    formation = "" if data.formation is None else f", {_lower(data.formation.label)}"
    return f"Orientée vers le {names.within(data.tribunal)}{formation} (règle {data.rule}, {data.legal_basis})"


def _declined(data: facts.Declined, names: Names) -> str:
    others = ", ".join(names.within(code) for code in data.competent)
    hint = f" ; tribunal désigné : {others}" if others else ""
    return f"Déclinée par le {names.within(data.tribunal)} : {_lower(data.reason.label)}{hint}"


def _decided(data: facts.Decided, _: Names) -> str:
    ground = "" if data.ground is None else f" ({_lower(data.ground.label)})"
    return f"Décision : {_lower(data.orientation.label)}{ground}"


def _supplement_requested(data: facts.SupplementRequested, names: Names) -> str:
    missing = ", ".join(_lower(item.label) for item in data.missing)
    return f"Complément demandé par le {names.within(data.tribunal)} : {missing}"


def _notification_failed(data: facts.NotificationFailed, names: Names) -> str:
    return f"Notification non remise : {_whom(data.recipient, names)}, {_lower(data.failure.label)}"


# Each sentence is of the model that is its key, which the table's type cannot say.
_SENTENCES: Final[Mapping[type[Payload], Callable[[Any, Names], str]]] = {
    facts.Submitted: _submitted,
    facts.Supplemented: _supplemented,
    facts.Withdrawn: lambda data, _: f"Retrait demandé par l’administration : {_lower(data.reason.label)}",
    facts.DocumentInfected: _document_infected,
    facts.Numbered: lambda data, _: f"Numéro {data.number} attribué",
    facts.Routed: _routed,
    facts.Unroutable: lambda data, _: f"Aucun tribunal désigné : {_lower(data.reason.label)}",
    facts.Delivered: lambda data, names: f"Remise au {names.within(data.tribunal)}",
    facts.Acknowledged: lambda data, names: f"Prise en charge par le {names.within(data.tribunal)}",
    facts.Registered: lambda data, _: f"Enregistrée au bureau d’ordre sous le numéro de parquet {data.parquet_number}",
    facts.SupplementRequested: _supplement_requested,
    facts.Declined: _declined,
    facts.Assigned: lambda data, _: f"Attribuée à la section {data.section}",
    facts.Decided: _decided,
    facts.Closed: lambda data, names: f"Close par le {names.within(data.tribunal)}",
    facts.Notified: lambda data, names: f"Notification envoyée : {_whom(data.recipient, names)}",
    facts.NotificationFailed: _notification_failed,
    facts.Overdue: lambda data, _: f"Sans prise en charge au terme du délai, le {moment(data.due)}",
}


def _whom(organisation: str, names: Names) -> str:
    kind, _, code = organisation.partition(":")
    match kind:
        case "tribunal":
            return names.within(code)
        case "administration":
            return code
        case _:
            return "exploitation"


def _lower(label: str) -> str:
    return label[0].lower() + label[1:]


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"
