"""Procedures that seem to be about the same facts as one that is about to be sent."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from chassis.clock import PARIS
from services.query.answers import show_relatives
from services.query.api import relatives_now
from services.query.portal.shell import Shell
from services.query.portal.visits import Visit
from services.query.related import Occurrence, pairs_of, period_of


async def already_there(shell: Shell, visit: Visit, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of the person's own administration, before the body is sent to intake, which found no fault in it."""
    today = shell.parts.clock().astimezone(PARIS).date()
    return show_relatives(await relatives_now(shell.parts, visit.sight, _reported(body, today)))


def _reported(body: Mapping[str, Any], today: date) -> Occurrence | None:
    facts = body.get("facts", {})
    communes = [place["commune"] for place in body.get("places", []) if place.get("commune")]
    # As intake writes them.
    natinf = [code.lstrip("0") for code in body.get("natinf", [])]
    pairs = pairs_of(communes, natinf, body.get("nataff", []))
    period = period_of(_day(facts.get("from")), _day(facts.get("to")), today)
    return Occurrence(pairs, *period) if period is not None and pairs else None


def _day(written: str | None) -> date | None:
    with suppress(ValueError):
        return None if written is None else date.fromisoformat(written)
    return None
