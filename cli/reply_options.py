"""A court's reply from the options of the command: what fits the fact, or a sentence in French on the option. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from infoparquet_contracts.codes import Code, DeclineReason, DismissalGround, MissingItem, Orientation
from infoparquet_contracts.registry import REPLIES
from infoparquet_contracts.replies import Reply
from pydantic import ValidationError
from pydantic_core import to_json

MODELS: Final[Mapping[str, type[Reply]]] = {model.fact: model for model in REPLIES}
_COMMON: Final = frozenset(Reply.model_fields)
_CODES: Final[Mapping[str, type[Code]]] = {
    "missing": MissingItem,
    "reason": DeclineReason,
    "orientation": Orientation,
    "ground": DismissalGround,
}
_FORMS: Final[Mapping[str, str]] = {
    "parquet_number": "des chiffres, « / » et « - », de 4 à 20 signes, par exemple 26000123",
    "competent": "des codes de tribunaux, par exemple tj33063 (20 au plus)",
    "section": "un code d’une à quatre capitales, puis trois chiffres au plus, par exemple ECO2",
    "at": "un instant en UTC, par exemple 2026-11-24T09:30:00Z",
}


class WrongOption(Exception):  # noqa: N818 - why, in French, is its message
    """The options do not make a reply."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What the reply is about; the delivery is made up where only the fields are to be checked."""

    procedure: UUID
    delivery: UUID
    at: datetime


def reply_of(fact: str, options: Mapping[str, str | Sequence[str] | None], answered: Answered) -> Reply:
    """The reply. Raises WrongOption."""
    model = MODELS.get(fact)
    if model is None:
        raise WrongOption(f"Aucune réponse ne s’appelle « {fact} ». Il y a : {', '.join(MODELS)}.")
    given = {name: value for name, value in options.items() if value}
    for name in given:
        if name not in model.model_fields:
            raise WrongOption(f"{_option(name)} ne va pas avec {fact}.{_of(model)}")
    common = {"procedure": answered.procedure, "delivery": answered.delivery, "at": answered.at}
    try:
        # In JSON, so that only the written form that the topic takes is taken here.
        return model.model_validate_json(to_json(common | given))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    raise WrongOption(_sentence(fact, first))


def _sentence(fact: str, fault: Mapping[str, Any]) -> str:
    name = str(fault["loc"][0])
    if name == "ground" and fault["type"] == "value_error":
        return f"--ground va avec --orientation dismissal, et avec elle seule. {_choices(DismissalGround)}"
    wrong = f"{_option(name)} est obligatoire pour {fact}." if fault["type"] == "missing" else f"{_option(name)} :"
    expected = _choices(_CODES[name]) if name in _CODES else f"Forme attendue : {_FORMS.get(name, name)}."
    return f"{wrong} {expected}"


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _of(model: type[Reply]) -> str:
    names = [_option(name) for name in model.model_fields if name not in _COMMON]
    return f" Ses options : {', '.join(names)}." if names else " Cette réponse n’a pas d’option."


def _choices(codes: type[Code]) -> str:
    return "Valeurs possibles : " + ", ".join(f"{code.value} ({code.label})" for code in codes) + "."
