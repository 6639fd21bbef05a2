"""Which procedures seem to be about the same facts, and who is told."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from infoparquet_contracts.codes import Ground
from infoparquet_contracts.facts import Submitted
from infoparquet_contracts.parts import FactsPeriod, Place
from sqlalchemy import text

from chassis.clock import new_id
from chassis.migration import migrate
from services.query.rebuilding import MIGRATIONS
from services.query.related import MOST, Occurrence, Why, relation
from services.query.related_store import SHOWN, find_relatives, related_to
from services.query.rights import Everything, OfAdministration, OfTribunal
from services.query.wording import describe_relation
from tests.builders import NOON
from tests.contracts import builders
from tests.contracts.builders import BORDEAUX
from tests.services.in_process import InProcess
from tests.services.query.histories import a_submission, said, until_delivery
from tests.services.query.older import undo
from tests.services.query.plans import plan_of

MARCH, APRIL, MAY = date(2021, 3, 1), date(2021, 4, 1), date(2021, 5, 31)
COURT, OTHER_COURT = f"tribunal:{BORDEAUX}", "tribunal:tj75056"
OWNER, OTHER_ADMINISTRATION = "administration:dreal-33", "administration:dreal-64"
BOTH = ["commune", "dates", "natinf", "nataff"]
OCCURRENCES = "SELECT * FROM occurrences ORDER BY procedure_id, pair"
# One commune in ten rows, one offence in twenty, a week each of eight years.
FILL = """
    WITH filled AS (
        INSERT INTO procedures (id, administration, reference, kind, submitted_at, state)
        SELECT uuidv7(), 'dreal-' || n % 50, 'REF-' || n, 'report', timestamptz '2019-01-01' + n * interval '3 hours',
               jsonb_build_object('status', 'delivered', 'tribunal', 'tj' || lpad((n % 10)::text, 5, '0'),
                                  'delivery', uuidv7()::text, 'urgency', null, 'declined_by', jsonb_build_array())
        FROM generate_series(1, 20000) AS n
        RETURNING *)
    INSERT INTO occurrences
    SELECT 'c' || right(tribunal, 2) || ' n' || length(reference), day, day + 7, id, administration
    FROM filled CROSS JOIN LATERAL (SELECT CAST(submitted_at AS date) AS day) AS d
"""

days = st.one_of(st.none(), st.dates(MARCH, MAY))
places = st.lists(st.sampled_from(["33063", "75056", "2A004"]), max_size=2, unique=True)


@st.composite
def submissions(draw: st.DrawFn) -> Submitted:
    """Of a few places, codes and months, so that many of them are related."""
    begun, ended = draw(days), draw(days)
    return a_report(
        (begun, ended) if begun is None or ended is None else (min(begun, ended), max(begun, ended)),
        communes=draw(places),
        natinf=draw(st.lists(st.sampled_from(["7", "22587"]), max_size=2)),
        nataff=draw(st.lists(st.sampled_from(["I", "I5", "I51"]), max_size=2)),
    )


def a_report(period: tuple[date | None, date | None] = (MARCH, MAY), **changes: Any) -> Submitted:
    said = a_submission(**changes)
    nowhere = (Place(ground=Ground.FACTS, commune=None),)
    facts = FactsPeriod(**{"from": period[0], "to": period[1]})
    return said.model_copy(update={"facts": facts, "places": said.places or nowhere})


def why(one: Submitted, other: Submitted) -> list[str]:
    """What they have in common, and the same the other way round."""
    first, second = Occurrence.of(one, new_id()), Occurrence.of(other, new_id())
    found = () if first is None or second is None else relation(first, second)
    assert found == (() if first is None or second is None else relation(second, first))
    return [str(one) for one in found]


@given(submissions(), submissions())
def test_a_relation_holds_both_ways_and_never_with_itself(one: Submitted, other: Submitted) -> None:
    why(one, other)
    itself = Occurrence.of(one, new_id())
    assert itself is None or (relation(itself, itself), len(why(one, one)) > 2) == ((), True)


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        (a_report(), a_report(), BOTH),
        (a_report(nataff=()), a_report(), ["commune", "dates", "natinf"]),
        (a_report(natinf=("7",)), a_report(), ["commune", "dates", "nataff"]),
        (a_report(communes=("75056", "33063")), a_report(), BOTH),
        (a_report(communes=("75056",)), a_report(), []),
        (a_report(communes=()), a_report(communes=()), []),
        (a_report(natinf=("7",), nataff=("I5",)), a_report(), []),
        (a_report((MARCH, APRIL)), a_report((APRIL, MAY)), BOTH),
        (a_report((MARCH, MARCH)), a_report((APRIL, MAY)), []),
        (a_report((MARCH, None)), a_report((MAY, MAY)), BOTH),
        (a_report((None, MAY)), a_report((APRIL, APRIL)), []),
        (a_report((MARCH, None)), a_report((NOON.date(), None)), BOTH),
        (a_report((None, None)), a_report((None, None)), []),
    ],
)
def test_commune_dates_and_a_code_make_a_relation(one: Submitted, other: Submitted, common: list[str]) -> None:
    assert why(one, other) == common


def test_of_a_hundred_places_and_codes_the_first_are_compared() -> None:
    many = [f"33{number:03}" for number in range(100)]
    one = Occurrence.of(a_report(communes=many, natinf=[str(code) for code in range(1, 101)]), new_id())
    assert one is not None
    assert len(one.pairs) == MOST * (MOST + 1)
    assert {pair.split()[0] for pair in one.pairs} == {f"c{code}" for code in many[:MOST]}


async def related(query: InProcess, one: UUID, who: str = "operator") -> list[tuple[str, list[str]]]:
    shown = (await query.get(f"/v1/procedures/{one}", who)).json()
    assert shown["more_related"] is False
    return [(row["reference"], row["why"]) for row in shown["related"]]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(submissions(), min_size=2, max_size=6))
async def test_what_is_found_is_what_is_related(query: InProcess, drawn: list[Submitted]) -> None:
    # Each example is an administration of its own, which sees no other's.
    own = f"a-{new_id().hex}"
    reports = {
        new_id(): one.model_copy(update={"reference": f"R-{number}", "administration": own})
        for number, one in enumerate(drawn)
    }
    await query.read(*(event for one, data in reports.items() for event in said(data, subject=one)))
    async with query.running.engine.connect() as connection:
        for one, data in reports.items():
            found = await find_relatives(connection, OfAdministration(own), Occurrence.of(data, one))
            others = {other.reference: why(data, other) for id_, other in reports.items() if id_ != one}
            shown = {row.reference: [str(each) for each in row.why] for row in found.rows}
            assert shown == {reference: common for reference, common in others.items() if common}


async def given_two(query: InProcess, administration: str = "dreal-64") -> tuple[UUID, UUID]:
    """One at Bordeaux, and the same facts as another administration reported them, at no court yet."""
    first, second = said(*until_delivery(a_report())), said(a_report(reference="AUTRE", administration=administration))
    await query.read(*first, *second)
    return first[0].subject, second[0].subject


async def test_each_is_told_of_those_that_it_may_see_and_of_no_other(query: InProcess) -> None:
    one, other = await given_two(query)
    for who in ("operator", "service:notify"):
        assert await related(query, one, who) == [("AUTRE", BOTH)]
    for who in (OWNER, COURT):
        assert await related(query, one, who) == []
    assert await related(query, other, OTHER_ADMINISTRATION) == []
    await query.read(*said(*until_delivery()[1:], subject=other))
    assert await related(query, one, COURT) == [("AUTRE", BOTH)]
    assert (await query.get(f"/v1/procedures/{one}", OTHER_COURT)).status_code == 404


async def test_an_administration_finds_its_own_report_under_another_reference(query: InProcess) -> None:
    one, other = await given_two(query, "dreal-33")
    (row,) = (await query.get(f"/v1/procedures/{other}", OWNER)).json()["related"]
    assert (row["id"], row["number"], row["status"]) == (str(one), "2026-00000042-26", "delivered")
    assert row["description"].startswith("Même commune, dates des faits qui se recouvrent, même infraction")


async def test_the_newest_are_shown_and_it_is_said_that_there_are_more(query: InProcess) -> None:
    reports = [
        said(a_report(reference=f"R-{number:02}", at=NOON + timedelta(minutes=number)))[0]
        for number in range(SHOWN + 2)
    ]
    await query.read(*reports)
    shown = (await query.get(f"/v1/procedures/{reports[-1].subject}")).json()
    assert [row["reference"] for row in shown["related"]] == [f"R-{SHOWN - number:02}" for number in range(SHOWN)]
    assert shown["more_related"] is True


async def test_a_procedure_that_is_let_go_of_leaves_nothing(query: InProcess) -> None:
    _, other = await given_two(query)
    await query.post("/v1/reconciliation/forget", {"procedures": [str(other)]}, "operator")
    assert {row[3] for row in await query.rows(OCCURRENCES)} != set()
    assert other not in {row[3] for row in await query.rows(OCCURRENCES)}


async def test_older_procedures_are_related_as_they_would_be_today(query: InProcess, migrated: str) -> None:
    many = [f"33{number:03}" for number in range(12)]
    await query.read(
        *said(*until_delivery(a_report(communes=("33063", "33063", "75056"), natinf=("7", "22587", "7")))),
        *said(a_report((None, APRIL), communes=(*many, many[0]), natinf=[str(code) for code in range(12, 0, -1)])),
        *said(a_report((MARCH, None))),
        *said(a_report((None, None))),
        *said(a_report(communes=())),
        # Said twice: the first counts.
        *said(a_report((MARCH, MARCH)), a_report((MAY, MAY))),
        *said(builders.numbered()),
    )
    grown = await query.rows(OCCURRENCES)
    await undo(migrated, "0011")
    await migrate(migrated, MIGRATIONS)
    assert await query.rows(OCCURRENCES) == grown
    assert grown


async def test_looking_for_relatives_reads_no_whole_table(query: InProcess) -> None:
    engine = query.running.engine
    async with engine.begin() as connection:
        await connection.execute(text(FILL))
        await connection.execute(text("ANALYZE procedures, occurrences"))
    several = frozenset(f"c{place:02} n{code}" for place in (7, 8) for code in (8, 9))
    for sight in (Everything(), OfAdministration("dreal-7"), OfTribunal("tj00007")):
        for pairs in (several, frozenset(["c07 n9"])):
            one = Occurrence(pairs, date(2021, 3, 1), date(2021, 6, 1), new_id())
            plan = await plan_of(engine, related_to(one, sight))
            assert "Seq Scan" not in plan, plan
            assert "occurrences_pkey" in plan, plan


def test_all_that_may_be_in_common_has_its_words() -> None:
    assert describe_relation(tuple(Why)) == (
        "Même commune, dates des faits qui se recouvrent, même infraction (NATINF), même nature d’affaire (NATAFF)"
    )
