"""The campaign's audit finds nothing where every promise was kept, and each promise that was broken."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

import pytest
from infoparquet_contracts import facts
from infoparquet_contracts.codes import Channel
from infoparquet_contracts.court import Delivery
from infoparquet_contracts.identifiers import receipt_id
from infoparquet_contracts.parts import Decision, FactsPeriod
from infoparquet_contracts.payload import Payload
from infoparquet_contracts.topics import JOURNAL, tribunal_topic

from chassis.clock import new_id
from cli.faults.audit import Promise, arrived, audit, trace
from cli.faults.campaign import Outcome
from cli.faults.evidence import Evidence, Mail, Placed
from tests.builders import NOON, a_submission, an_event
from tests.contracts.builders import BORDEAUX, numbered, routed

COMES_TO = ("submitted", "numbered", "routed", "delivered", "acknowledged")
COURT = tribunal_topic(BORDEAUX)
Tampering = Callable[[Evidence], Evidence]


def all_kept(procedures: int = 4) -> Evidence:
    """Procedures that came to their end, each told of its number and of the acknowledgement."""
    ids = [new_id() for _ in range(procedures)]
    journal: list[Placed] = []
    courts: list[Placed] = []
    for place, one in enumerate(ids, 1):
        courts.append(a_delivery(one, place, offset=2 * place))
        journal += on_the_journal(one, place, courts[-1])
    mails = [Mail(one, fact) for one in ids for fact in ("numbered", "acknowledged")]
    return Evidence(dict.fromkeys(ids, COMES_TO), journal, courts, mails)


def on_the_journal(procedure: UUID, place: int, delivery: Placed) -> list[Placed]:
    """Its facts, in order, and that its author was told."""
    handed = delivery.event.id
    receipt = facts.Delivered(
        tribunal=BORDEAUX, delivery=handed, topic=COURT.name, partition=0, offset=delivery.offset, at=NOON
    )
    acknowledged = facts.Acknowledged(tribunal=BORDEAUX, delivery=handed, at=NOON, reply=new_id())
    said: list[Payload] = [a_submission(), numbered(number(place)), routed(), receipt, acknowledged]
    told = [an_event(data, subject=procedure, id=receipt_id(handed) if data is receipt else new_id()) for data in said]
    told += [an_event(told_of(told[one].id), subject=procedure, source="/services/notify") for one in (1, 4)]
    return [Placed(JOURNAL.name, place, offset, event) for offset, event in enumerate(told)]


def number(place: int) -> str:
    return f"2026-{place:08}-26"


def told_of(about: UUID) -> facts.Notified:
    recipient = "administration:dreal-33"
    return facts.Notified(about=about, recipient=recipient, subscription=None, channel=Channel.MAIL, at=NOON, tries=1)


def a_delivery(procedure: UUID, place: int, offset: int) -> Placed:
    """What the court was handed."""
    decision = Decision(
        tribunal=BORDEAUX, formation=None, rule="place-of-facts", legal_basis="CPP art. 43", rule_set="2026-11-23"
    )
    submitted = a_submission()
    data = Delivery(
        procedure=procedure,
        reference=submitted.reference,
        number=number(place),
        kind=submitted.kind,
        administration=submitted.administration,
        submitted_at=NOON,
        urgency=None,
        facts=FactsPeriod(from_=None, to=None),
        places=submitted.places,
        natinf=(),
        nataff=("I51",),
        decision=decision,
        documents=(),
        dossier_url=f"http://127.0.0.1:8101/v1/dossiers/{procedure}",
    )
    return Placed(COURT.name, 0, offset, an_event(data, subject=procedure, source="/services/routing"))


def without(evidence: Evidence, fact: str) -> Evidence:
    """The first of the facts of that kind is not on the journal."""
    gone = next(one for one in evidence.journal if one.event.data.fact == fact)
    return replace(evidence, journal=[one for one in evidence.journal if one is not gone])


def again(evidence: Evidence, fact: str, *, id_: bool) -> Evidence:
    """One fact stands twice, under its own id or another."""
    one = next(one for one in evidence.journal if one.event.data.fact == fact)
    event = one.event if id_ else replace(one.event, id=new_id())
    return replace(evidence, journal=[*evidence.journal, one._replace(offset=99, event=event)])


def swapped(evidence: Evidence) -> Evidence:
    """A procedure was delivered before it was routed."""
    journal = list(evidence.journal)
    journal[2], journal[3] = journal[3], journal[2]
    return replace(evidence, journal=journal)


def renumbered(evidence: Evidence, place: int) -> Evidence:
    """The last procedure has the number of that place."""
    journal = list(evidence.journal)
    last = max(at for at, one in enumerate(journal) if one.event.data.fact == "numbered")
    event = replace(journal[last].event, data=numbered(number(place)))
    journal[last] = journal[last]._replace(event=event)
    return replace(evidence, journal=journal)


def moved(evidence: Evidence) -> Evidence:
    """A delivery is not where its receipt says."""
    first, *others = evidence.courts
    return replace(evidence, courts=[first._replace(offset=98), *others])


def handed_over_again(evidence: Evidence) -> Evidence:
    """A court was handed a procedure under another id as well."""
    one = evidence.courts[0]
    return replace(evidence, courts=[*evidence.courts, one._replace(offset=97, event=replace(one.event, id=new_id()))])


def of_nobody(evidence: Evidence) -> Evidence:
    """A POST was taken in twice: one procedure has no 202."""
    accepted = dict(evidence.accepted)
    accepted.popitem()
    return replace(evidence, accepted=accepted, mails=None)


def mails(evidence: Evidence, change: Callable[[Sequence[Mail]], Sequence[Mail]]) -> Evidence:
    assert evidence.mails is not None
    return replace(evidence, mails=change(list(evidence.mails)))


def test_where_every_promise_was_kept_there_is_no_offence() -> None:
    evidence = all_kept()
    assert audit(evidence) == []
    assert arrived(evidence) == 4


def test_a_mail_that_came_twice_under_one_fact_is_no_offence() -> None:
    assert audit(mails(all_kept(), lambda caught: [*caught, caught[0]])) == []


@pytest.mark.parametrize(
    ("tamper", "broken"),
    [
        pytest.param(lambda all_: without(all_, "acknowledged"), Promise.LOST, id="a fact is lost"),
        pytest.param(lambda all_: replace(all_, journal=all_.journal[7:]), Promise.LOST, id="a procedure is lost"),
        pytest.param(moved, Promise.LOST, id="a delivery is not at its receipt's place"),
        pytest.param(lambda all_: again(all_, "numbered", id_=True), Promise.DUPLICATED, id="one id twice"),
        pytest.param(lambda all_: again(all_, "routed", id_=False), Promise.DUPLICATED, id="one fact under two ids"),
        pytest.param(lambda all_: again(all_, "notified", id_=False), Promise.DUPLICATED, id="recorded twice as told"),
        pytest.param(handed_over_again, Promise.DUPLICATED, id="handed over twice"),
        pytest.param(of_nobody, Promise.DUPLICATED, id="taken in twice"),
        pytest.param(swapped, Promise.OUT_OF_ORDER, id="out of order"),
        pytest.param(lambda all_: without(all_, "submitted"), Promise.OUT_OF_ORDER, id="the beginning is missing"),
        pytest.param(lambda all_: renumbered(all_, 9), Promise.NUMBER_GAP, id="a gap in the numbers"),
        pytest.param(lambda all_: renumbered(all_, 1), Promise.NUMBER_REPEAT, id="a number of two procedures"),
        pytest.param(lambda all_: mails(all_, lambda one: one[1:]), Promise.MAIL_LOST, id="a mail is lost"),
        pytest.param(lambda all_: without(all_, "notified"), Promise.MAIL_WITHOUT_FACT, id="a mail without its fact"),
    ],
)
def test_each_broken_promise_is_found_and_traced(tamper: Tampering, broken: Promise) -> None:
    evidence = tamper(all_kept())
    found = [offence for offence in audit(evidence) if offence.promise is broken]
    assert found
    if found[0].procedure in evidence.accepted and broken is not Promise.LOST:
        assert any("submitted" in line or "numbered" in line for line in trace(evidence, found[0]))


def test_the_report_counts_a_broken_promise_once_a_procedure() -> None:
    evidence = without(without(all_kept(), "delivered"), "acknowledged")
    outcome = Outcome(7, "apache", recoveries=[12.0], evidence=evidence, offences=audit(evidence))
    report = outcome.report()
    assert not outcome.good
    assert (report["accepted"], report["arrived"], report["lost"], report["number_gaps"]) == (4, 3, 1, 0)


def test_a_system_that_does_not_go_on_is_no_success() -> None:
    assert Outcome(7, "apache", recoveries=[12.0], evidence=all_kept()).good
    assert not Outcome(7, "apache", recoveries=[12.0, None], evidence=all_kept()).good


def test_procedures_that_did_not_arrive_are_counted() -> None:
    assert arrived(without(all_kept(), "delivered")) == 3
