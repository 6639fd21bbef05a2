"""Whether what was promised was kept, as pure functions over what can be seen from outside.

What was accepted arrives, once, in order; numbers have no gap and are given once; a mail never stands without its fact.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from infoparquet_contracts.court import Delivery
from infoparquet_contracts.facts import Delivered, NotificationFailed, Notified, Numbered
from infoparquet_contracts.status import fold

from cli.faults.evidence import Evidence, Mail, Placed


class Promise(StrEnum):
    """What can be broken, under the names the report has."""

    LOST = "lost"
    DUPLICATED = "duplicated"
    OUT_OF_ORDER = "out_of_order"
    NUMBER_GAP = "number_gaps"
    NUMBER_REPEAT = "number_repeats"
    MAIL_LOST = "mails_lost"
    MAIL_WITHOUT_FACT = "mails_without_fact"


@dataclass(frozen=True, slots=True)
class Offence:
    """A promise that was broken; `procedure` is None where it is nobody's in particular."""

    promise: Promise
    procedure: UUID | None
    what: str


def audit(evidence: Evidence) -> list[Offence]:
    """Every broken promise."""
    told = _by_procedure(evidence.journal)
    return [
        *_repeated_ids(evidence),
        *_facts(evidence.accepted, told),
        *_order(told),
        *_numbers(evidence.journal),
        *_deliveries(evidence, told),
        *_mails(evidence, told),
    ]


def arrived(evidence: Evidence) -> int:
    """How many procedures came to all the facts they should."""
    told = _by_procedure(evidence.journal)
    return sum(not Counter(wanted) - _kinds(told.get(one, ())) for one, wanted in evidence.accepted.items())


def _by_procedure(journal: Iterable[Placed]) -> Mapping[UUID, list[Placed]]:
    told: dict[UUID, list[Placed]] = defaultdict(list)
    for one in journal:
        told[one.event.subject].append(one)
    return told


def _is_of_mails(one: Placed) -> bool:
    return isinstance(one.event.data, Notified | NotificationFailed)


def _kinds(told: Iterable[Placed]) -> Counter[str]:
    return Counter(one.event.data.fact for one in told if not _is_of_mails(one))


def _repeated_ids(evidence: Evidence) -> Iterator[Offence]:
    """One id stands once, wherever it stands."""
    first: dict[UUID, Placed] = {}
    for one in (*evidence.journal, *evidence.courts):
        before = first.setdefault(one.event.id, one)
        if before is not one:
            where = f"{before.topic}/{before.partition}@{before.offset} and {one.topic}/{one.partition}@{one.offset}"
            yield Offence(Promise.DUPLICATED, one.event.subject, f"{one.event.data.fact} {one.event.id} at {where}")


def _facts(accepted: Mapping[UUID, Sequence[str]], told: Mapping[UUID, Sequence[Placed]]) -> Iterator[Offence]:
    """Each procedure's facts are those it should come to, no more and no fewer."""
    for procedure, wanted in accepted.items():
        kinds = _kinds(told.get(procedure, ()))
        if missing := Counter(wanted) - kinds:
            yield Offence(Promise.LOST, procedure, f"without {_listed(missing)}")
        if more := kinds - Counter(wanted):
            yield Offence(Promise.DUPLICATED, procedure, f"{_listed(more)} too many")
    for procedure in told.keys() - accepted.keys():
        yield Offence(Promise.DUPLICATED, procedure, "on the journal, and no 202 was for it")


def _listed(kinds: Counter[str]) -> str:
    return ", ".join(kinds.elements())


def _order(told: Mapping[UUID, Sequence[Placed]]) -> Iterator[Offence]:
    """Each fact has its effect where it stands: a repeat, which another finding tells, has none either."""
    for procedure, facts in told.items():
        state = None
        seen: set[UUID] = set()
        for one in facts:
            if one.event.id in seen:
                continue
            seen.add(one.event.id)
            step = fold(state, one.event)
            if not step.applied:
                yield Offence(Promise.OUT_OF_ORDER, procedure, f"{one.event.data.fact}: {step.why_not}")
                break
            state = step.state


def _numbers(journal: Sequence[Placed]) -> Iterator[Offence]:
    """One number a procedure, one procedure a number, none left out from the first to the last."""
    owners: dict[str, UUID] = {}
    numbered: dict[UUID, str] = {}
    for one in journal:
        if not isinstance(fact := one.event.data, Numbered):
            continue
        subject = one.event.subject
        if owners.setdefault(fact.number, subject) != subject:
            yield Offence(Promise.NUMBER_REPEAT, subject, f"{fact.number} is also that of {owners[fact.number]}")
        if numbered.setdefault(subject, fact.number) != fact.number:
            yield Offence(Promise.NUMBER_REPEAT, subject, f"{fact.number}, and {numbered[subject]} before")
    given = {_sequence(number) for number in owners}
    for missing in sorted(set(range(1, max(given, default=0) + 1)) - given):
        yield Offence(Promise.NUMBER_GAP, None, f"the number {missing} of the year was never given")


def _sequence(number: str) -> int:
    return int(number.split("-")[1])


def _deliveries(evidence: Evidence, told: Mapping[UUID, Sequence[Placed]]) -> Iterator[Offence]:
    """Each receipt names a delivery that stands where it says, and each delivery has its receipt."""
    handed = {one.event.id: one for one in evidence.courts if isinstance(one.event.data, Delivery)}
    receipted: set[UUID] = set()
    for procedure, facts in told.items():
        for receipt in (one.event.data for one in facts if isinstance(one.event.data, Delivered)):
            receipted.add(receipt.delivery)
            found = handed.get(receipt.delivery)
            if found is None or found[:3] != (receipt.topic, receipt.partition, receipt.offset):
                yield Offence(Promise.LOST, procedure, f"its delivery {receipt.delivery} is not where the receipt says")
    for delivery in handed.keys() - receipted:
        yield Offence(Promise.DUPLICATED, handed[delivery].event.subject, f"delivery {delivery} without a receipt")


def _mails(evidence: Evidence, told: Mapping[UUID, Sequence[Placed]]) -> Iterator[Offence]:
    """A mail for each fact an author is told, at least once, and recorded once; none about what is not recorded."""
    if evidence.mails is None:
        return
    caught = set(evidence.mails)
    recorded: set[Mail] = set()
    for procedure, facts in told.items():
        kinds = {one.event.id: one.event.data.fact for one in facts}
        notified = [one.event.data for one in facts if isinstance(one.event.data, Notified)]
        for about, times in Counter(fact.about for fact in notified).items():
            recorded.add(Mail(procedure, kinds.get(about, str(about))))
            if times > 1:
                yield Offence(Promise.DUPLICATED, procedure, f"notified {times} times of {about}")
    wanted = {Mail(one, fact) for one, facts in evidence.accepted.items() for fact in facts if fact in evidence.told}
    for mail in sorted((wanted | recorded) - caught):
        yield Offence(Promise.MAIL_LOST, mail.procedure, f"no mail about {mail.fact}")
    for mail in sorted(wanted & caught - recorded):
        yield Offence(Promise.MAIL_WITHOUT_FACT, mail.procedure, f"a mail about {mail.fact}, which no fact records")
    for mail in sorted(caught - wanted - recorded):
        yield Offence(Promise.MAIL_WITHOUT_FACT, mail.procedure, f"a mail about {mail.fact}, which was not to be told")


def trace(evidence: Evidence, offence: Offence) -> list[str]:
    """All that stands about the procedure of an offence, a line a record, the journal first."""
    lines = [f"{offence.promise}: {offence.what} (procedure {offence.procedure})"]
    for one in (*evidence.journal, *evidence.courts):
        if one.event.subject == offence.procedure:
            where, event = f"{one.topic}/{one.partition}@{one.offset}", one.event
            lines.append(f"  {event.time.isoformat()} {event.data.fact} {where} {event.source} id={event.id}")
            lines += [f"    trace={event.traceparent}"] if event.traceparent else []
    return lines
