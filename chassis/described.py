"""What a service says of its HTTP operations beyond what their code shows; read once, when its document is asked for.

What follows from the code itself (parameters, tokens, roles, keys, limits) is not said here but derived (`openapi.py`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel

JSON: Final = "application/json"
Examples = Mapping[str, Any]
Problems = Mapping[int, Sequence[str]]


class Shown(BaseModel):
    """An object of an answer; never made, its JSON Schema is all that is wanted of it."""


@dataclass(frozen=True)
class Content:
    """A body: `shape` is a type that pydantic can describe, or None where it may be any bytes."""

    shape: Any
    examples: Examples = field(default_factory=dict)
    media_type: str = JSON
    description: str = ""


@dataclass(frozen=True)
class Answer:
    """An answer that is no problem; of its `headers`, each with what it says, `sometimes` are not always there.

    `also` are media types in which the same can be had.
    """

    content: Content | None
    description: str
    headers: Mapping[str, str] = field(default_factory=dict)
    sometimes: Sequence[str] = ()
    also: Sequence[str] = ()


@dataclass(frozen=True)
class Operation:
    """`problems` are the kinds that the operation itself raises, by status; `waits`: a 404 says when to ask again."""

    answers: Mapping[int, Answer]
    description: str = ""
    body: Content | None = None
    problems: Problems = field(default_factory=dict)
    request_headers: Mapping[str, str] = field(default_factory=dict)
    waits: bool = False


@dataclass(frozen=True)
class Description:
    """Of one service: operations by method and path, tags by name, and what its own dependencies answer with."""

    text: str
    tags: Mapping[str, str]
    operations: Mapping[str, Operation]
    dependencies: Mapping[Callable[..., Any], Problems] = field(default_factory=dict)
