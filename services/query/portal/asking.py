"""The pages of the form of a new procedure: a step, what is wrong in it, and what would be sent."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from fastapi import Response
from infoparquet_contracts.identifiers import LARGEST_DOCUMENT

from chassis.errors import Unavailable
from reference.bundle import Reference
from services.query.portal import drafts
from services.query.portal.choices import LONGEST_WORDS
from services.query.portal.drafts import Draft
from services.query.portal.procedure import SCANS
from services.query.portal.related import already_there
from services.query.portal.shell import Shell
from services.query.portal.steps import STEPS, Step
from services.query.portal.submission import body_of, field_of, suggestions, unresolved
from services.query.portal.upstream import Declined, Upstream, by_field
from services.query.portal.visits import Visit

log = structlog.get_logger()
_FIRST: Final = STEPS[0]
# By step and field, what is wrong there.
Faults = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Asking:
    """Somebody who fills in the form."""

    shell: Shell
    intake: Upstream
    reference: Reference
    visit: Visit

    async def begin(self, draft: Draft, *, deleted: bool) -> Response:
        """The first step of a new one, below those that were begun."""
        try:
            begun = await drafts.of_person(self.intake, self.visit)
        except Unavailable:
            log.warning("portal.drafts_unavailable")
            begun = None
        return self._page(_FIRST, draft, begun=begun, new=True, deleted=deleted)

    async def step(
        self,
        step: Step,
        draft: Draft,
        *,
        errors: Mapping[str, str] | None = None,
        said: str | None = None,
        status: int = 200,
        kept: bool = False,
        checked: bool = False,
    ) -> Response:
        """One step; `checked` shows what is wrong in it, `said` is why nothing was kept."""
        if step.name == "recap":
            return await self.recap(draft)
        found = await self.errors(step, draft) if checked else errors
        return self._page(step, draft, errors=found or {}, said=said, status=status, kept=kept)

    async def recap(self, draft: Draft, *, said: str | None = None, status: int = 200) -> Response:
        """What would be sent and where it would go, or what is wrong and where."""
        body = body_of(draft.typed) | draft.attached
        outcome = await self.intake.tell(self.visit, "/v1/procedures:check", body, str(draft.id))
        found = {"errors": []} if isinstance(outcome, Declined) else outcome.answer
        said = said or (outcome.detail if isinstance(outcome, Declined) else None)
        faults = _placed(by_field(found["errors"]), draft)
        relatives = {} if faults else await already_there(self.shell, self.visit, body)
        return self._confirmation(draft, found, faults, relatives, said=said, status=status)

    async def errors(self, step: Step, draft: Draft) -> Mapping[str, str]:
        """What is wrong in a step, by its fields. Raises Unavailable."""
        words = await asyncio.to_thread(_words_for_codes, self.reference, step, draft.typed)
        if words or not step.parts:
            return words
        body = body_of(draft.typed) | draft.attached
        outcome = await self.intake.tell(self.visit, "/v1/procedures:check", body, str(draft.id))
        if isinstance(outcome, Declined):
            return {}
        faults = _placed(by_field(outcome.answer["errors"]), draft)
        return {name: detail for (where, name), detail in faults.items() if where == step.name}

    def _page(self, step: Step, draft: Draft, *, status: int = 200, **content: Any) -> Response:  # noqa: ANN401
        template = "documents.html" if step.name == "documents" else "submit.html"
        place = STEPS.index(step)
        steps = {"steps": STEPS, "step": step, "place": place + 1}
        content = {"errors": {}, "said": None, "kept": False, "scans": SCANS, "largest": LARGEST_DOCUMENT} | content
        return self.shell.show(self.visit, template, status=status, draft=draft, **steps, **content)

    def _confirmation(
        self,
        draft: Draft,
        found: Mapping[str, Any],
        faults: Faults,
        relatives: Mapping[str, Any],
        *,
        said: str | None,
        status: int,
    ) -> Response:
        competence = found.get("competence") or {}
        tribunal = competence.get("tribunal")
        return self.shell.show(
            self.visit,
            "confirm.html",
            status=status,
            draft=draft,
            steps=STEPS,
            step=STEPS[-1],
            place=len(STEPS),
            faults=faults,
            said=said,
            scans=SCANS,
            warnings=found.get("warnings", []),
            court=None if tribunal is None else self.shell.names().of(tribunal),
            explanation=competence.get("explanation"),
            **relatives,
        )


def _placed(faults: Mapping[str, str], draft: Draft) -> Faults:
    """At the form's fields; of two at one field, both."""
    placed: dict[tuple[str, str], str] = {}
    for pointer, detail in faults.items():
        where = field_of(pointer, draft.typed)
        placed[where] = f"{placed[where]} {detail}" if where in placed else detail
    return placed


def _words_for_codes(reference: Reference, step: Step, typed: Mapping[str, str]) -> Mapping[str, str]:
    """What the words may mean, to choose from."""
    found = {}
    for name, lookup, words in unresolved(step, typed):
        near = [f"{code} {label}" for code, label in suggestions(reference, lookup, words[:LONGEST_WORDS])]
        found[name] = (
            "Choisissez un code : " + " ; ".join(near) + "." if near else "Aucun code ne correspond à ces mots."
        )
    return found
