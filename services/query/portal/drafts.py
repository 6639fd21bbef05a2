"""Drafts of new procedures, which intake keeps for each person: nothing of a dossier is stored here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from chassis.problems import Problem
from services.query.portal.upstream import Declined, Told, Upstream
from services.query.portal.visits import Visit

_PATH: Final = "/v1/drafts"
_LONGEST_TITLE: Final = 100


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed, by the names of the fields; of version 0 it was not kept yet."""

    id: UUID
    version: int = 0
    typed: Mapping[str, str] = field(default_factory=dict)
    documents: Sequence[Mapping[str, Any]] = ()

    @property
    def attached(self) -> dict[str, Any]:
        """Its documents as a procedure's body names them."""
        return {"documents": [one["id"] for one in self.documents]} if self.documents else {}


async def of_person(intake: Upstream, visit: Visit) -> Sequence[Mapping[str, Any]]:
    """The one last changed first. Raises Unavailable."""
    return list((await intake.read(visit, _PATH) or {}).get("drafts", []))


async def find(intake: Upstream, visit: Visit, one: UUID) -> Draft:
    """The person's own. Raises a 404 Problem, Unavailable."""
    found = await intake.read(visit, f"{_PATH}/{one}")
    if found is None:
        detail = "Ce brouillon n’existe pas, ou n’existe plus : il a été transmis, supprimé, ou n’est pas le vôtre."
        raise Problem(404, "unknown-draft", detail)
    typed = {str(name): str(value) for name, value in found["content"].get("typed", {}).items()}
    return Draft(one, int(found["version"]), typed, found["documents"])


async def keep(intake: Upstream, visit: Visit, draft: Draft, before: int) -> Draft | Declined:
    """Instead of the version `before`, or as a new one after 0. Raises Unavailable."""
    body = {"title": _title(draft.typed.get("reference", "")), "content": {"typed": draft.typed}}
    condition = {"If-Match": f'"{before}"'} if before else {"If-None-Match": "*"}
    outcome = await intake.call(visit, "PUT", f"{_PATH}/{draft.id}", body, condition)
    return outcome if isinstance(outcome, Declined) else Draft(draft.id, before + 1, draft.typed, draft.documents)


async def forget(intake: Upstream, visit: Visit, one: UUID) -> Told | Declined:
    """With its documents, but those that a procedure has. Raises Unavailable."""
    return await intake.call(visit, "DELETE", f"{_PATH}/{one}")


async def add_document(intake: Upstream, visit: Visit, one: UUID, document: str) -> Told | Declined:
    """It goes with the draft, and stays as long. Raises Unavailable."""
    return await intake.call(visit, "PUT", f"{_PATH}/{one}/documents/{document}")


async def remove_document(intake: Upstream, visit: Visit, one: UUID, document: UUID) -> Told | Declined:
    """Nothing of it is kept. Raises Unavailable."""
    return await intake.call(visit, "DELETE", f"{_PATH}/{one}/documents/{document}")


def _title(reference: str) -> str:
    """On one line, as it may not be a reference yet."""
    return "".join(letter for letter in reference if letter.isprintable())[:_LONGEST_TITLE]
