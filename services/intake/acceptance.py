"""Takes submissions in: checked, kept once a key, and said to the journal, a whole group in a few statements.

Everything of a group is in the caller's transaction: keys, procedures, dossiers and outbox rows, or none of them.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from infoparquet_contracts.envelope import MAX_EVENT_BYTES
from infoparquet_contracts.facts import Submitted
from pydantic_core import to_json

from chassis import idempotency
from chassis.clock import PARIS
from chassis.idempotency import Claim, Contradicted, Known, New, Unseen
from chassis.outbox import to_journal
from chassis.problems import FieldError, Problem
from chassis.transaction import Transaction
from services.intake import attaching_store, store
from services.intake.attaching import Held, carried, faults, ids_in, remarks
from services.intake.checking import Checks, Remark
from services.intake.store import NewProcedure, Procedure
from services.intake.submission import Submission, SubmissionLine, Unreadable, as_fact, read

# One key space for the header and for the lines of a batch.
PATH = "/v1/procedures"
# Key and headers of an event take less than the 2 KiB left.
LARGEST_FACT = MAX_EVENT_BYTES - 2048


@dataclass(frozen=True, slots=True)
class Admissible:
    """A submission that was checked: what goes to the journal, and the dossier as JSON text.

    The fact carries the `documents` once they are found to be there.
    """

    key: str
    digest: bytes
    fact: Submitted
    documents: tuple[str, ...]
    content: str
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class Inadmissible:
    """A submission that would be refused today; it may be one that was accepted earlier."""

    key: str
    digest: bytes
    problem: Problem


@dataclass(frozen=True, slots=True)
class Accepted:
    """The procedure that a request made, now or when it was first sent."""

    id: UUID
    reference: str
    number: str | None
    remarks: tuple[Remark, ...]


Posted = Admissible | Inadmissible
Outcome = Accepted | Problem


@dataclass(frozen=True, slots=True)
class Gate:
    """What admits the submissions of one administration, at one instant."""

    checks: Checks
    administration: str
    now: datetime

    def admit(self, body: bytes, key: str) -> Posted:
        """The body of `POST /v1/procedures`. Raises Problem for one that can never have been accepted."""
        try:
            reading = read(body, Submission)
        except Unreadable as error:
            return _inadmissible(key, error.sent, refused(error))
        return self._checked(reading.sent, reading.understood, key)

    def admit_line(self, line: bytes) -> Posted:
        """A line of a batch; its key is not part of what is compared. Raises Problem as `admit` does."""
        try:
            reading = read(line, SubmissionLine)
        except Unreadable as error:
            return _inadmissible(*_apart(error.sent), refused(error))
        key, sent = _apart(reading.sent)
        return self._checked(sent, reading.understood, key)

    def _checked(self, sent: dict[str, Any], submission: Submission, key: str) -> Posted:
        digest = idempotency.digest_of(sent)
        findings = self.checks.check(submission, self.now.astimezone(PARIS).date())
        if findings.errors:
            return Inadmissible(key, digest, refused(Unreadable(findings.errors)))
        fact = as_fact(submission, self.administration, self.now)
        try:
            check_size(fact)
        except Problem as problem:
            return Inadmissible(key, digest, problem)
        return Admissible(key, digest, fact, submission.documents, to_json(sent).decode(), findings.remarks)


def _apart(sent: Any) -> tuple[Any, Any]:  # noqa: ANN401 - any JSON value
    """A line's key and what it is the key of."""
    if not isinstance(sent, dict):
        return None, sent
    rest = {name: value for name, value in sent.items() if name != "idempotency_key"}
    return sent.get("idempotency_key"), rest


def _inadmissible(key: Any, sent: Any, problem: Problem) -> Inadmissible:  # noqa: ANN401 - any JSON values
    # Only objects were ever accepted.
    digest = idempotency.digest_if_any(sent) if isinstance(sent, dict) else None
    if digest is None or not idempotency.is_key(key):
        raise problem
    return Inadmissible(key, digest, problem)


def check_size(fact: Submitted) -> None:
    """Raises a 413 Problem for a fact that no event can carry."""
    if len(to_json(fact)) > LARGEST_FACT:
        detail = "Les codes, lieux et pièces de la procédure dépassent ce qu’un événement peut porter (256 Kio)."
        raise Problem(413, "too-large", detail, [FieldError("", detail)])


def refused(error: Unreadable) -> Problem:
    """400, with what is wrong field by field."""
    detail = "La procédure comporte " + ("une erreur." if len(error.errors) == 1 else f"{len(error.errors)} erreurs.")
    return Problem(400, "invalid-json" if error.whole else "invalid-procedure", detail, error.errors)


async def accept(transaction: Transaction, administration: str, posted: Sequence[Posted]) -> list[Outcome]:
    """Make each procedure that is new; what became of each request, in order. Raises idempotency.InFlight.

    A request that was accepted once gets its procedure again, even where it would be refused today.
    """
    posted = await _with_documents(transaction, administration, posted)
    # Before the others are claimed, as if each had come by itself.
    seen = iter(await _look_up(transaction, administration, [one for one in posted if isinstance(one, Inadmissible)]))
    claimed = iter(await _claim(transaction, administration, [one for one in posted if isinstance(one, Admissible)]))
    outcomes = [next(seen) if isinstance(one, Inadmissible) else next(claimed) for one in posted]
    known = {one.resource for one in outcomes if isinstance(one, Known)}
    old = await store.find_all(transaction.connection, known) if known else {}
    settled = [_settled(outcome, one, old) for outcome, one in zip(outcomes, posted, strict=True)]
    references = {one.reference for one in settled if isinstance(one, Accepted)}
    shared = await store.shared_references(transaction.connection, administration, references)
    return [_remarked(one, shared) for one in settled]


async def _with_documents(transaction: Transaction, administration: str, posted: Sequence[Posted]) -> Sequence[Posted]:
    """Those whose documents cannot be theirs are inadmissible; the documents of the others are held for them."""
    named = {one for each in posted if isinstance(each, Admissible) for one in ids_in(each.documents)}
    held = await attaching_store.held(transaction.connection, named, administration, locked=True)
    taken: dict[UUID, str] = {}
    checked: list[Posted] = []
    for each in posted:
        if isinstance(each, Admissible) and each.documents:
            checked.append(_carrying(each, _but_for_others(held, taken, each.key)))
            if isinstance(checked[-1], Admissible):
                taken |= dict.fromkeys(ids_in(each.documents), each.key)
        else:
            checked.append(each)
    return checked


def _but_for_others(held: Mapping[UUID, Held], taken: Mapping[UUID, str], key: str) -> dict[UUID, Held]:
    """A line above may have taken some, unless it is the same line."""
    return {one: replace(each, attached=True) if taken.get(one, key) != key else each for one, each in held.items()}


def _carrying(one: Admissible, held: Mapping[UUID, Held]) -> Posted:
    if errors := list(faults(one.documents, held)):
        return Inadmissible(one.key, one.digest, refused(Unreadable(errors)))
    fact = one.fact.model_copy(update={"documents": carried(one.documents, held)})
    try:
        check_size(fact)
    except Problem as problem:
        return Inadmissible(one.key, one.digest, problem)
    return replace(one, fact=fact, remarks=(*one.remarks, *remarks(one.documents, held)))


async def _look_up(
    transaction: Transaction, administration: str, refusals: Sequence[Inadmissible]
) -> list[Known | Contradicted | Problem]:
    asked = [(one.key, one.digest) for one in refusals]
    seen = await idempotency.look_up(transaction, f"administration:{administration}", PATH, asked)
    return [
        one.problem if isinstance(outcome, Unseen) else outcome for outcome, one in zip(seen, refusals, strict=True)
    ]


async def _claim(
    transaction: Transaction, administration: str, admitted: Sequence[Admissible]
) -> list[Known | Contradicted | Accepted]:
    if not admitted:
        return []
    organisation = f"administration:{administration}"
    ids = [idempotency.resource_for(transaction, organisation, PATH, one.key) for one in admitted]
    claims = [Claim(one.key, one.digest, id_) for one, id_ in zip(admitted, ids, strict=True)]
    claimed = await idempotency.claim(transaction, organisation, PATH, claims)
    new = {one.resource: posted for one, posted in zip(claimed, admitted, strict=True) if isinstance(one, New)}
    given_back = await _add(transaction, administration, new) if new else {}
    for claim in claims:
        if claim.resource in given_back:
            await idempotency.redirect(transaction, organisation, PATH, claim, given_back[claim.resource])
    return [
        Accepted(given_back.get(outcome.resource, outcome.resource), one.fact.reference, None, one.remarks)
        if isinstance(outcome, New)
        else outcome
        for outcome, one in zip(claimed, admitted, strict=True)
    ]


async def _add(transaction: Transaction, administration: str, new: Mapping[UUID, Admissible]) -> dict[UUID, UUID]:
    """Make procedures; those that the journal has since before a restore only get their dossiers back."""
    added = [NewProcedure(id_, one.fact.reference, one.fact.submitted_at, one.content) for id_, one in new.items()]
    given_back = await store.add(transaction.connection, administration, added)
    for id_, one in new.items():
        if id_ not in given_back:
            await attaching_store.attach(transaction.connection, one.fact.documents, id_)
            transaction.say(to_journal(transaction.event(id_, one.fact), urgent=one.fact.urgency is not None))
    return given_back


def _settled(outcome: Known | Contradicted | Accepted | Problem, one: Posted, old: Mapping[UUID, Procedure]) -> Outcome:
    match outcome:
        case Contradicted():
            return idempotency.contradicted()
        case Known(resource):
            remarks = one.remarks if isinstance(one, Admissible) else ()
            procedure = old[resource]
            return Accepted(resource, procedure.reference, procedure.state.number, remarks)
        case Accepted() | Problem():
            return outcome


def _remarked(outcome: Outcome, shared: AbstractSet[str]) -> Outcome:
    if isinstance(outcome, Accepted) and outcome.reference in shared:
        return replace(outcome, remarks=(*outcome.remarks, _SAME_REFERENCE))
    return outcome


_SAME_REFERENCE = Remark(
    "/reference", "same-reference", "Une autre procédure de votre administration porte déjà cette référence."
)
