"""What a service says is wrong (RFC 9457), whoever answers in its place."""

from typing import Any

from pydantic_core import from_json


def problem_of(body: bytes) -> dict[str, Any]:
    """The problem's members; none where the body is no problem, such as a proxy's page."""
    try:
        found = from_json(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def kind_of(problem: dict[str, Any]) -> str:
    """How its type ends."""
    return str(problem.get("type", "")).rpartition("/")[2]
