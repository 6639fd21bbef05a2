"""One box finds a procedure by whatever is known of it, within the rights of who asks."""

import asyncio
import itertools
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from infoparquet_contracts.codes import Kind
from infoparquet_contracts.payload import Payload

from services.query import search as searching
from services.query.exports import pages_of
from services.query.filters import Filters
from services.query.rights import Everything, OfAdministration, OfTribunal, Sight
from services.query.search import among_the_newest, by_index, search
from services.query.words import Words
from tests.builders import NOON
from tests.contracts import builders
from tests.contracts.builders import BORDEAUX, OTHER_DELIVERY, PARIS
from tests.services.in_process import InProcess
from tests.services.query.histories import a_submission, said, until_delivery

NUMBER = "2026-00000042-26"
# At Bordeaux: pollution of waters, by dreal-33. At Paris: a cheque, by urssaf-75, in an arrondissement.
HERE = a_submission("EAU/2026/0042", communes=("33063", "33039"), natinf=("22587",), nataff=("I51",))
THERE = a_submission(
    "CHQ 77", administration="urssaf-75", at=NOON + timedelta(hours=1), communes=("75107",), natinf=("7",),
    nataff=("B1",), kind=Kind.COMPLAINT,
)  # fmt: skip


async def found(query: InProcess, organisation: str = "operator", **parameters: str) -> list[str]:
    answer = await query.get("/v1/procedures", organisation, **parameters)
    assert answer.status_code == 200, answer.text
    return [row["reference"] for row in answer.json()["procedures"]]


async def pages(query: InProcess, organisation: str = "operator", **parameters: str) -> list[str]:
    """What all of them have together."""
    cursor: str | None = ""
    whole: list[str] = []
    while cursor is not None:
        page = (await query.get("/v1/procedures", organisation, cursor=cursor, **parameters)).json()
        whole += [row["reference"] for row in page["procedures"]]
        cursor = page["next"]
    return whole


async def answered(query: InProcess, q: str, organisation: str = "operator") -> Any:
    return (await query.get("/v1/procedures", organisation, q=q)).json()


@pytest.fixture
async def two(query: InProcess) -> InProcess:
    """With those two."""
    await query.read(
        *said(*until_delivery(HERE, number=NUMBER)),
        *said(*until_delivery(THERE, tribunal=PARIS, number="2026-00000043-23")),
    )
    return query


# What is known of the first of the two, and finds it.
KNOWN = (
    NUMBER, "2026-0000004", "20260000004226", "2026 00000042 26", "eau/2026", "2026/0042", "0042", "33063", "33039",
    "Bordeaux", "BÈGLES", "begles", "bordea", "22587", "I51", "i5", "I", "dreal-33", "dreal", "tj33063",
    "bordeaux 22587", "I51 dreal", "tribunal judiciaire de Bordeaux", "bègles 2026/0042",
)  # fmt: skip
# What finds just these.
EXPECTED = {
    "paris": [THERE],
    "75056": [THERE],
    "75007": [THERE],
    "provision chèque": [THERE],
    "cheque paris urssaf": [THERE],
    "B": [THERE],
    "2026-0000004": [THERE, HERE],
    "complaint": [],
    "bordeaux paris": [],
    "bordeaux cheque": [],
    "introuvable": [],
    "bordeaux introuvable": [],
    "%": [],
    "_______": [],
    "É": [],
}
FILTERED: list[tuple[dict[str, str], list[Any]]] = [
    ({"commune": "33063"}, [HERE]),
    ({"commune": "75056"}, [THERE]),
    ({"commune": "75108"}, []),
    ({"natinf": "7"}, [THERE]),
    ({"nataff": "I5"}, [HERE]),
    ({"kind": "complaint"}, [THERE]),
    ({"kind": "complaint", "commune": "33063"}, []),
    ({"q": "paris", "natinf": "7", "status": "delivered"}, [THERE]),
    ({"q": "paris", "status": "closed"}, []),
    ({"q": "paris", "to": "2026-11-22"}, []),
]


async def test_one_is_found_by_what_is_known_of_it(two: InProcess) -> None:
    assert [q for q in KNOWN if HERE.reference not in await found(two, q=q)] == []


async def test_nothing_else_is_found(two: InProcess) -> None:
    expected = {q: [one.reference for one in which] for q, which in EXPECTED.items()}
    assert {q: await found(two, q=q) for q in EXPECTED} == expected


async def test_filters_and_words_are_all_required(two: InProcess) -> None:
    for parameters, expected in FILTERED:
        assert await found(two, **parameters) == [one.reference for one in expected], parameters


async def test_a_mistyped_number_finds_the_right_one_and_says_so(two: InProcess) -> None:
    for q in ("2026-00000042-62", "2026-00000024-26", "20260000004126", "2026-00000042-27"):
        answer = await answered(two, q)
        assert NUMBER in answer["corrected"], q
        assert NUMBER in [row["number"] for row in answer["procedures"]], q


async def test_a_right_number_is_not_corrected_though_unknown(two: InProcess) -> None:
    assert await answered(two, "2026-00000044-20") == {"procedures": [], "next": None, "corrected": [], "ignored": []}


async def test_a_number_of_another_authority_is_found_as_it_is(query: InProcess) -> None:
    # By the local authority's check digits it would be mistyped.
    await query.read(*said(*until_delivery(HERE, number="2026-00000042-27")))
    answer = await answered(query, "2026-00000042-27")
    assert [row["number"] for row in answer["procedures"]] == ["2026-00000042-27"]
    assert answer["corrected"] == []


async def test_a_correction_tells_nobody_of_another_s_procedure(two: InProcess) -> None:
    answer = await answered(two, "2026-00000042-62", "administration:urssaf-75")
    assert NUMBER not in answer["corrected"]
    assert await found(two, "administration:urssaf-75", q="bordeaux") == []
    assert await found(two, f"tribunal:{PARIS}", q="dreal") == []


async def test_a_court_that_declined_does_not_find_out_where_it_went(query: InProcess) -> None:
    handed_on: list[Payload] = [
        *until_delivery(HERE), builders.declined(), builders.routed(PARIS), builders.delivered(PARIS, OTHER_DELIVERY),
    ]  # fmt: skip
    await query.read(*said(*handed_on))
    former, present = f"tribunal:{BORDEAUX}", f"tribunal:{PARIS}"
    assert await found(query, former, q="paris") == await found(query, former, q=PARIS) == []
    assert await found(query, former, q="bègles") == await found(query, present, q="paris") == [HERE.reference]


async def test_a_word_that_tells_nothing_is_named(two: InProcess) -> None:
    assert (await answered(two, "bordeaux " + " ".join(f"x{n}" for n in range(9))))["ignored"] == ["x7", "x8"]
    assert (await answered(two, "saint begles"))["ignored"] == []
    assert (await answered(two, "saint"))["ignored"] == ["saint"]


async def test_the_newest_and_the_indexes_tell_the_same(two: InProcess, words: Words) -> None:
    sights: list[Sight] = [Everything(), OfAdministration("dreal-33"), OfTribunal(BORDEAUX), OfTribunal(PARIS)]
    for sight, q in itertools.product(sights, [*KNOWN, *EXPECTED]):
        criteria = Filters.model_validate({"q": q}).criteria(words)
        asked = [way(sight, criteria, after=None, limit=9) for way in (among_the_newest, by_index)]
        async with two.running.engine.connect() as connection:
            newest, indexed = [(await connection.execute(one)).all() for one in asked]
            found = await search(connection, sight, criteria, after=None, limit=9)
        assert newest == indexed, (sight, q)
        assert [row.id for row in found] == [row.id for row in indexed]


async def test_pages_of_what_is_found_follow_each_other(query: InProcess) -> None:
    for number in range(5):
        await query.read(*said(a_submission(f"R-{number}", at=NOON + timedelta(minutes=number % 3))))
    whole = await found(query, q="bordeaux")
    assert await pages(query, q="bordeaux", limit="2") == whole
    assert len(whole) == 5


async def test_a_court_misses_none_of_its_own_for_what_it_declined_since(
    query: InProcess, words: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In hand: two that fill the window, and before them two that are meant; before these, three that were declined.
    for hour, kind in enumerate([*5 * [Kind.ARTICLE_40], *2 * [Kind.COMPLAINT]]):
        submission = a_submission(f"R-{hour}", at=NOON + timedelta(hours=hour), kind=kind)
        facts = until_delivery(submission, number=NUMBER)
        await query.read(*said(*facts, *([builders.declined()] if hour < 3 else [])))
    monkeypatch.setattr(searching, "FEW", 0)
    monkeypatch.setattr(searching, "NEWEST_OF_ONES_OWN", 2)
    expected = ["R-4", "R-3", "R-2", "R-1", "R-0"]
    assert await pages(query, f"tribunal:{BORDEAUX}", kind="article-40", limit="2") == expected
    criteria = Filters.model_validate({"kind": "article-40"}).criteria(words)
    exported = pages_of(query.running.engine, OfTribunal(BORDEAUX), criteria, 2)
    assert [row.reference async for page in exported for row in page] == expected


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    q=st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=64)
    | st.text("0123456789-%_/ .abI'’é\\", max_size=64)
)
async def test_whatever_is_typed_is_answered(two: InProcess, q: str) -> None:
    async with asyncio.timeout(5):
        answer = await two.get("/v1/procedures", q=q)
    assert answer.status_code == 200, answer.text
