"""Any journal of a few procedures: facts of two courts, some of them again, cut into batches anywhere."""

from collections.abc import Iterable, Sequence

from hypothesis import strategies as st
from infoparquet_contracts.envelope import Event
from infoparquet_contracts.payload import Payload

from tests.contracts import builders
from tests.contracts.builders import BORDEAUX, DELIVERY, OTHER_DELIVERY, PARIS, URGENT

courts = st.sampled_from([BORDEAUX, PARIS])
deliveries = st.sampled_from([DELIVERY, OTHER_DELIVERY])
of_courts = [builders.delivered, builders.acknowledged, builders.registered, builders.declined, builders.closed]
# Two courts and two deliveries only, so that legal roads are long; a submission often, as nothing begins without.
facts = st.one_of(
    st.sampled_from([builders.submitted(), builders.submitted(URGENT)]),
    st.sampled_from(["2026-00000042-26", "2600000001H"]).map(builders.numbered),
    courts.map(builders.routed),
    st.sampled_from([builders.withdrawn(), builders.unroutable(), builders.notified(), builders.supplemented()]),
    st.sampled_from([None, DELIVERY]).map(builders.document_infected),
    st.builds(lambda say, court, delivery: say(court, delivery), st.sampled_from(of_courts), courts, deliveries),
)


@st.composite
def journals(draw: st.DrawFn) -> tuple[list[tuple[int, Payload]], list[int], list[int]]:
    """Facts of up to three procedures, which of them come again, and where the journal is cut."""
    written = draw(st.lists(st.tuples(st.integers(0, 2), facts), min_size=1, max_size=25))
    again = draw(st.lists(st.integers(0, len(written) - 1), max_size=8))
    cuts = draw(st.lists(st.integers(0, len(written) + len(again)), max_size=6))
    return written, again, sorted(cuts)


def in_order(events: Sequence[Event[Payload]], again: Iterable[int]) -> list[Event[Payload]]:
    """Each repetition comes somewhere after the event it repeats."""
    journal = list(events)
    for number, place in enumerate(again):
        first = journal.index(events[place])
        journal.insert(first + 1 + (number * 7) % (len(journal) - first), events[place])
    return journal
