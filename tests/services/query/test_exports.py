"""Exports: the whole list as files that others open, for whom it may concern, while nobody waits for their reader."""

import asyncio
import csv
import io
import json
import threading
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from infoparquet_contracts.codes import Status

from chassis.clock import new_id
from reference.names import Names
from services.query import exports
from services.query.columns import COLUMNS
from services.query.exports import Download, Places, as_ndjson, as_parquet, pages_of
from services.query.filters import Dialect
from services.query.parquet import ROW_GROUP, parquet, schema_of
from services.query.rights import Everything
from services.query.rows import Criteria
from services.query.search import Row
from services.query.tables import body
from tests.builders import NOON
from tests.contracts import builders
from tests.contracts.builders import BORDEAUX, OTHER_DELIVERY, PARIS, URGENT
from tests.processes import until
from tests.services.in_process import InProcess
from tests.services.intake.conftest import listening
from tests.services.query.histories import a_submission, said, until_delivery

FORMATS = ("csv", "json", "parquet")
HANDED_ON = (
    *until_delivery(), builders.declined(), builders.routed(PARIS), builders.delivered(PARIS, OTHER_DELIVERY),
)  # fmt: skip
WHO = ("operator", "administration:dreal-33", "administration:dreal-64", f"tribunal:{BORDEAUX}", f"tribunal:{PARIS}")


def read(suffix: str, content: bytes) -> list[dict[str, Any]]:
    """The file's lines, by others' readers, with the values that Parquet has."""
    match suffix:
        case "csv":
            lines = list(csv.DictReader(io.StringIO(content.decode())))
            return [{name: _typed(COLUMNS[name], value) for name, value in line.items()} for line in lines]
        case "json":
            return [
                {name: _typed(COLUMNS[name], value) for name, value in json.loads(line).items()}
                for line in content.splitlines()
            ]
        case _:
            table = pyarrow.parquet.read_table(io.BytesIO(content))
            return table.to_pylist()


def _typed(kind: str, value: Any) -> Any:
    if value in ("", None):
        return None
    match kind.removesuffix("?"):
        case "bool":
            return value in (True, "true")
        case "date":
            return date.fromisoformat(value)
        case "timestamp":
            return datetime.fromisoformat(value)
        case _:
            return value


async def listed(query: InProcess, organisation: str, **filters: Any) -> list[tuple[Any, ...]]:
    """What all pages of the list show of each."""
    found: list[tuple[Any, ...]] = []
    cursor = ""
    while True:
        page = (await query.get("/v1/procedures", organisation, cursor=cursor, limit=3, **filters)).json()
        found += [shown(row) for row in page["procedures"]]
        if page["next"] is None:
            return found
        cursor = page["next"]


def shown(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Of a line of the list or of a file."""
    urgency = row.get("urgency")
    reason, last = (urgency["reason"], urgency["until"]) if urgency else (None, None)
    return (
        str(row["id"]),
        *(row[name] for name in ("number", "reference", "administration", "kind", "status", "status_label")),
        *(row[name] for name in ("tribunal", "tribunal_name", "urgent")),
        row.get("urgency_reason", reason),
        str(row.get("urgency_until", last)),
        datetime.fromisoformat(str(row["submitted_at"])),
    )


async def exported(query: InProcess, suffix: str, organisation: str, **filters: Any) -> list[tuple[Any, ...]]:
    answer = await query.get(f"/v1/procedures.{suffix}", organisation, **filters)
    assert answer.status_code == 200, answer.text
    return [shown(line) for line in read(suffix, answer.content)]


async def some_procedures(query: InProcess, administration: str = "dreal-33") -> None:
    for number, facts in enumerate((HANDED_ON, until_delivery()[:2], until_delivery())):
        day = NOON - timedelta(days=number)
        submission = a_submission(
            f"R-{number}", administration=administration, at=day, urgency=URGENT if number else None
        )
        await query.read(*said(submission, *facts[1:]))


filters = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["delivered", "numbered", "declined", ""]),
        "urgent": st.booleans(),
        "tribunal": st.sampled_from([BORDEAUX, PARIS]),
        "from": st.sampled_from(["2026-11-22", "2026-11-23"]),
        "to": st.sampled_from(["2026-11-21", "2026-11-22"]),
        "q": st.sampled_from(["R-", "R-1", "2026"]),
    },
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filters, st.sampled_from(WHO))
async def test_a_file_is_all_pages_of_the_list(query: InProcess, asked: dict[str, Any], who: str) -> None:
    if not await query.rows("SELECT id FROM procedures LIMIT 1"):
        await some_procedures(query)
        await some_procedures(query, "dreal-64")
    expected = await listed(query, who, **asked)
    for suffix in FORMATS:
        assert await exported(query, suffix, who, **asked) == expected


async def test_files_have_dated_names_and_types(query: InProcess) -> None:
    types = ("text/csv; charset=utf-8", "application/x-ndjson", "application/vnd.apache.parquet")
    for suffix, media_type in zip(FORMATS, types, strict=True):
        answer = await query.get(f"/v1/procedures.{suffix}")
        assert answer.headers["content-type"] == media_type
        assert answer.headers["content-disposition"] == f'attachment; filename="procedures-2026-11-23.{suffix}"'
        assert read(suffix, answer.content) == []


async def test_parquet_has_the_types_of_its_columns_also_of_nothing(query: InProcess) -> None:
    content = (await query.get("/v1/procedures.parquet")).content
    schema = pyarrow.parquet.read_schema(io.BytesIO(content))
    assert schema.names == list(COLUMNS)
    assert [str(schema.field(name).type) for name in ("id", "urgent", "urgency_until", "submitted_at")] == [
        "string", "bool", "date32[day]", "timestamp[us, tz=UTC]",
    ]  # fmt: skip
    assert [name for name in schema.names if schema.field(name).nullable] == [
        name for name, kind in COLUMNS.items() if kind.endswith("?")
    ]


@pytest.mark.parametrize("suffix", FORMATS)
async def test_roles_and_parameters_are_those_of_the_list(query: InProcess, suffix: str) -> None:
    path = f"/v1/procedures.{suffix}"
    clerk = query.issuer.bearer("administration:dreal-33", ["clerk"])
    assert (await query.http.get(path, headers=clerk)).status_code == 403
    assert (await query.http.get(path)).status_code == 401
    for wrong in ({"status": "gone"}, {"limit": "3"}, {"cursor": "x"}, {"from": "yesterday"}, {"q": "x" * 65}):
        assert (await query.get(path, **wrong)).status_code == 400


async def test_excel_opens_its_dialect(query: InProcess) -> None:
    await query.read(*said(*until_delivery()))
    answer = await query.get("/v1/procedures.csv", dialect="excel")
    lines = answer.content.decode("utf-8-sig").split("\r\n")
    assert answer.content.startswith(b"\xef\xbb\xbfid;number;reference;")
    assert "Remise au tribunal;tj33063;Tribunal judiciaire de Bordeaux;false" in lines[1]
    assert (len(lines), lines[-1]) == (3, "")


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    (line,) = csv.reader(io.StringIO(body(["a"], [{"a": cell}], Dialect.RFC4180).decode(), newline=""))
    assert line == [f"'{cell}"]


def test_what_csv_separates_by_comes_back_as_it_was() -> None:
    words = 'a "b", c; d\r\ne é'
    for dialect, delimiter in ((Dialect.RFC4180, ","), (Dialect.EXCEL, ";")):
        text = body(["a", "b"], [{"a": words, "b": 1}], dialect).decode()
        assert list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)) == [[words, "1"]]


async def test_pages_go_on_while_others_arrive(query: InProcess) -> None:
    for number in range(5):
        await query.read(*said(a_submission(f"R-{number}", at=NOON + timedelta(seconds=number // 2))))
    pages = pages_of(query.running.engine, Everything(), Criteria(), 2)
    found = [row.reference for row in await anext(pages)]
    await query.read(*said(a_submission("NEW", at=NOON + timedelta(days=1))))
    async for page in pages:
        found += [row.reference for row in page]
    assert sorted(found) == [f"R-{number}" for number in range(5)]


def rows(first: int, count: int) -> list[Row]:
    """Procedures as a page has them."""
    return [
        Row(new_id(), None, f"R-{n}", "dreal-33", builders.submitted().kind, Status.SUBMITTED, None, None, NOON)
        for n in range(first, first + count)
    ]


async def made(count: int, size: int = 2000) -> AsyncIterator[list[Row]]:
    for first in range(0, count, size):
        yield rows(first, min(size, count - first))


async def test_parquet_comes_as_its_row_groups_fill(names: Names) -> None:
    count = 2 * ROW_GROUP + 1
    pieces = [piece async for piece in as_parquet(made(count), names)]
    file = pyarrow.parquet.ParquetFile(io.BytesIO(b"".join(pieces)))
    groups = [file.metadata.row_group(place).num_rows for place in range(file.num_row_groups)]
    assert groups == [ROW_GROUP, ROW_GROUP, 1]
    assert file.read().column("reference").to_pylist() == [f"R-{n}" for n in range(count)]
    # The first group is there before the last is made.
    assert len(pieces) > 1
    assert len(pieces[0]) > 100_000


def writers() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "parquet"]


async def none_writes() -> bool:
    return not writers()


async def test_parquet_that_nobody_takes_to_its_end_leaves_no_thread(names: Names) -> None:
    file = as_parquet(made(3 * ROW_GROUP), names)
    await anext(file)
    assert len(writers()) == 1
    await file.aclose()
    await until(none_writes)


async def test_parquet_of_what_is_no_line_fails_and_leaves_no_thread() -> None:
    async def wrong() -> AsyncIterator[bytes]:
        yield b'{"id": 1'
        yield b"]"

    with pytest.raises(Exception, match="Json"):
        [piece async for piece in parquet(schema_of(COLUMNS), wrong())]
    await until(none_writes)


async def test_a_database_that_is_away_is_told_before_the_file_begins(query: InProcess) -> None:
    async with query.running.engine.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE procedures RENAME TO elsewhere")
    try:
        assert (await query.get("/v1/procedures.csv")).status_code == 503
    finally:
        async with query.running.engine.begin() as connection:
            await connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO procedures")
    for _ in range(exports.MOST_OF_ONE + 1):
        assert (await query.get("/v1/procedures.csv")).status_code == 200


FILL = """
    INSERT INTO procedures (id, administration, reference, kind, submitted_at, state)
    SELECT uuidv7(), 'dreal-33', 'REF-' || n, 'report', timestamptz '2026-01-01' + n * interval '1 minute',
           jsonb_build_object('status', 'submitted', 'urgency', null, 'delivery', null, 'declined_by', '[]'::jsonb)
    FROM generate_series(1, 60000) AS n
"""


@pytest.mark.parametrize("suffix", FORMATS)
async def test_who_reads_slowly_or_goes_away_holds_nothing_in_the_database(query: InProcess, suffix: str) -> None:
    async with query.running.engine.begin() as connection:
        await connection.exec_driver_sql(FILL)
    pool: Any = query.running.engine.pool
    async with (
        listening(query.running.app) as url,
        httpx.AsyncClient(headers=query.issuer.bearer("operator"), timeout=90) as http,
    ):
        path = f"{url}/v1/procedures.{suffix}"
        async with http.stream("GET", path) as answer:
            pieces = answer.aiter_raw()
            await anext(pieces)

            async def idle() -> bool:
                return bool(pool.checkedout() == 0)

            # It is read on in slices, and the rest waits for its reader: no transaction stands open meanwhile.
            await until(idle)
            # What a rebuild's switch needs, within its two seconds.
            async with query.running.engine.begin() as connection:
                await connection.exec_driver_sql("SET LOCAL lock_timeout TO '2s'")
                await connection.exec_driver_sql("LOCK TABLE procedures IN ACCESS EXCLUSIVE MODE")
        await until(idle)
        await until(none_writes)
        # Its place is free again, however often that happens.
        for _ in range(exports.MOST + 1):
            async with http.stream("GET", path) as answer:
                assert answer.status_code == 200
                await anext(answer.aiter_raw())

            async def free() -> bool:
                return (await http.get(path, params={"q": "nothing"})).status_code == 200

            await until(free)


@pytest.mark.parametrize("suffix", FORMATS)
async def test_a_file_that_cannot_be_read_on_ends_as_cut(query: InProcess, suffix: str) -> None:
    async with query.running.engine.begin() as connection:
        await connection.exec_driver_sql(FILL)
    async with (
        listening(query.running.app) as url,
        httpx.AsyncClient(headers=query.issuer.bearer("operator"), timeout=90) as http,
    ):
        async with http.stream("GET", f"{url}/v1/procedures.{suffix}") as answer:
            pieces = answer.aiter_raw()
            await anext(pieces)
            async with query.running.engine.begin() as connection:
                await connection.exec_driver_sql("ALTER TABLE procedures RENAME TO elsewhere")
            try:
                with pytest.raises(httpx.RemoteProtocolError):
                    [piece async for piece in pieces]
            finally:
                async with query.running.engine.begin() as connection:
                    await connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO procedures")
        await until(none_writes)
        assert (await http.get(f"{url}/v1/procedures.{suffix}", params={"q": "none"})).status_code == 200


def test_places_are_shared() -> None:
    places = Places()
    for _ in range(exports.MOST_OF_ONE):
        places.take("tribunal:tj33063")
    with pytest.raises(Exception, match="too-many-exports"):
        places.take("tribunal:tj33063")
    for number in range(exports.MOST - exports.MOST_OF_ONE):
        places.take(f"administration:{number}")
    with pytest.raises(Exception, match="too-many-exports"):
        places.take("operator")
    places.free("tribunal:tj33063")
    places.take("operator")
    assert places.taken == exports.MOST


async def test_an_export_that_takes_too_long_is_cut_and_never_looks_whole(names: Names) -> None:
    done = []
    never = asyncio.Event()

    async def endless() -> AsyncIterator[list[Row]]:
        yield rows(0, 1)
        await never.wait()

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        await never.wait()

    answer = Download(
        as_ndjson(endless(), names), media_type="x", headers={}, done=lambda: done.append(1), seconds=0.05
    )
    with pytest.raises(TimeoutError):
        await answer({"type": "http", "asgi": {"spec_version": "2.3"}}, receive, send)
    assert done == [1]
    assert [message.get("more_body") for message in sent[1:]] == [True]


async def test_a_reader_of_another_time_zone_reads_the_same_instant(query: InProcess) -> None:
    await query.read(*said(a_submission(at=datetime(2026, 7, 1, 22, 30, tzinfo=UTC))))
    for suffix in FORMATS:
        (line,) = read(suffix, (await query.get(f"/v1/procedures.{suffix}")).content)
        assert line["submitted_at"] == datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
