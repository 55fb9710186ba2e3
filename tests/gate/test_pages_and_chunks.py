"""Pages and chunks, and the loops that look like them, with their neighbours: rows P1 to P3 of the gate."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta

import pytest
import pytest_asyncio
from sqlalchemy import and_, delete, func, insert, or_, select, text, tuple_, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from query_guard import Report
from tests.databases import Database, Profiler

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("readings")]
only_postgresql = pytest.mark.parametrize("driver", ["psycopg", "asyncpg"], indirect=True)

BEGIN = datetime(2026, 1, 1)
ROWS, PAGE = 100, 30
Body = Callable[[Session], object]


class Base(DeclarativeBase):
    pass


class Reading(Base):
    __tablename__ = "readings"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    at: Mapped[datetime]
    number: Mapped[int]


class Meter(Base):
    __tablename__ = "meters"

    id: Mapped[int] = mapped_column(primary_key=True)


@pytest_asyncio.fixture
async def readings(database: Database) -> AsyncIterator[None]:
    def fill(session: Session) -> None:
        session.execute(
            insert(Reading),
            [{"id": n, "code": f"c{n:04}", "at": minute(n), "number": n} for n in range(1, ROWS + 1)],
        )
        session.execute(insert(Meter), [{"id": n} for n in range(1, 6)])

    async with database.tables(Base.metadata, fill):
        yield


def minute(number: int) -> datetime:
    return BEGIN + timedelta(minutes=number)


def loops(report: Report) -> list[int]:
    return [finding.count for finding in report.findings if finding.kind == "n_plus_one"]


def by_id_after_as_many_meters(session: Session) -> None:
    session.scalars(select(Meter)).all()
    last = 0
    while True:
        page = session.scalars(select(Reading).where(Reading.id > last).order_by(Reading.id).limit(PAGE)).all()
        if not page:
            break
        last = page[-1].id


def by_time(session: Session) -> None:
    last = BEGIN
    while page := session.scalars(select(Reading).where(Reading.at > last).order_by(Reading.at).limit(PAGE)).all():
        last = page[-1].at


def by_time_and_id(session: Session) -> None:
    last = (BEGIN, 0)
    keys = tuple_(Reading.at, Reading.id)
    query = select(Reading).order_by(Reading.at, Reading.id).limit(PAGE)
    while page := session.scalars(query.where(keys > last)).all():
        last = (page[-1].at, page[-1].id)


def by_time_or_id(session: Session) -> None:
    at, number = BEGIN, 0
    query = select(Reading).order_by(Reading.at, Reading.id).limit(PAGE)
    while page := session.scalars(query.where(or_(Reading.at > at, and_(Reading.at == at, Reading.id > number)))).all():
        at, number = page[-1].at, page[-1].id


def by_text_until_a_page_is_short(session: Session) -> None:
    last, is_full = "", True
    while is_full:
        page = session.scalars(select(Reading).where(Reading.code > last).order_by(Reading.code).limit(PAGE)).all()
        last, is_full = page[-1].code, len(page) == PAGE


def by_hand(session: Session) -> None:
    last = 0
    query = text(f"SELECT id FROM readings WHERE id > :last ORDER BY id LIMIT {PAGE}")
    while page := session.execute(query, {"last": last}).all():
        last = page[-1].id


def of_growing_size(session: Session) -> None:
    for offset, limit in ((0, 10), (10, 20), (30, 30)):
        session.scalars(select(Reading).order_by(Reading.id).limit(limit).offset(offset)).all()


@pytest.mark.parametrize(
    "walk",
    [
        by_id_after_as_many_meters, by_time, by_time_and_id, by_time_or_id, by_text_until_a_page_is_short, by_hand,
        of_growing_size,
    ],
)  # fmt: skip
async def test_p1_walks_are_no_loops(profile: Profiler, walk: Body) -> None:
    assert loops(await profile(walk)) == []


def latest_before_each_text(session: Session) -> None:
    for code in ("c0050", "c0010", "c0070", "c0020"):
        session.scalars(select(Reading).where(Reading.code < code).order_by(Reading.code.desc()).limit(3)).all()


def latest_before_each_time(session: Session) -> None:
    for number in range(10, 90, 10):
        query = select(Reading).where(Reading.at < minute(number)).order_by(Reading.at.desc())
        session.scalars(query.limit(3)).all()


def latest_before_each_time_by_columns(session: Session) -> None:
    for number in range(10, 90, 10):
        query = select(Reading.number).where(Reading.at < minute(number)).order_by(Reading.at.desc())
        session.execute(query.limit(3)).all()


def first_after_each_meter(session: Session) -> None:
    for meter in session.scalars(select(Meter)).all():
        query = select(Reading).where(Reading.at > minute(meter.id * 20)).order_by(Reading.at)
        session.scalars(query.limit(3)).all()


def windows_two_apart(session: Session) -> None:
    for offset in range(0, 12, 2):
        session.scalars(select(Reading).order_by(Reading.id).limit(3).offset(offset)).all()


def a_walk_for_each_meter(session: Session) -> None:
    for meter in session.scalars(select(Meter)).all():
        query, last = select(Reading).where(Reading.number != meter.id).order_by(Reading.id).limit(50), 0
        while page := session.scalars(query.where(Reading.id > last)).all():
            last = page[-1].id


@pytest.mark.parametrize(
    "loop",
    [
        latest_before_each_text, latest_before_each_time, latest_before_each_time_by_columns, first_after_each_meter,
        windows_two_apart, a_walk_for_each_meter,
    ],
)  # fmt: skip
async def test_p1_neighbours_and_windows_are_loops(profile: Profiler, loop: Body) -> None:
    assert loops(await profile(loop)) != []


def updates_by_half_open_ranges(session: Session) -> None:
    for low in range(1, ROWS, 25):
        session.execute(update(Reading).where(Reading.id >= low, Reading.id < low + 25).values(number=0))


def reads_by_half_open_ranges(session: Session) -> None:
    for low in range(1, ROWS, 25):
        session.scalars(select(Reading).where(Reading.id >= low, Reading.id < low + 25)).all()


def reads_by_ranges(session: Session) -> None:
    for low in range(1, ROWS, 25):
        session.scalars(select(Reading).where(Reading.id.between(low, low + 24))).all()


def writes_by_ranges_by_hand(session: Session) -> None:
    for low in range(1, ROWS, 25):
        query = text("UPDATE readings SET number = 0 WHERE id BETWEEN :low AND :high")
        session.execute(query, {"low": low, "high": low + 24})


def deletes_by_lists(session: Session) -> None:
    numbers = [*range(200, 300)]
    for low in range(0, 100, 25):
        session.execute(delete(Reading).where(Reading.id.in_(numbers[low : low + 25])))


def deletes_up_to_a_bound(session: Session) -> None:
    for bound in range(25, ROWS + 1, 25):
        session.execute(delete(Reading).where(Reading.id <= bound))


def deletes_down_to_a_time(session: Session) -> None:
    for number in range(75, -1, -25):
        session.execute(delete(Reading).where(Reading.number > 0, Reading.at > minute(number)))


CHUNKS = [
    updates_by_half_open_ranges, reads_by_half_open_ranges, reads_by_ranges, writes_by_ranges_by_hand, deletes_by_lists,
    deletes_up_to_a_bound, deletes_down_to_a_time,
]  # fmt: skip


@pytest.mark.parametrize("work", CHUNKS)
async def test_p3_chunks_are_no_loops(profile: Profiler, work: Body) -> None:
    assert loops(await profile(work)) == []


def by_array(sql: str) -> Body:
    def work(session: Session) -> None:
        for low in range(1, ROWS, 25):
            session.execute(text(sql), {"ids": [*range(low, low + 25)]})

    return work


@only_postgresql
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM readings WHERE id = ANY(:ids)",
        "UPDATE readings SET number = 0 WHERE id = ANY(:ids)",
        "INSERT INTO meters (id) SELECT 1000 + n FROM unnest(CAST(:ids AS int[])) AS n",
    ],
)
async def test_p3_arrays_are_chunks(profile: Profiler, sql: str) -> None:
    assert loops(await profile(by_array(sql))) == []


@only_postgresql
async def test_p3_an_array_is_a_chunk_by_its_values_though_few_rows_come(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for low in range(1, ROWS, 20):
            session.execute(
                text("SELECT id FROM readings WHERE id = ANY(:ids)"), {"ids": [*range(low, 10 * low, low)] * 3}
            )

    assert loops(await profile(work)) == []


@only_postgresql
async def test_p2_small_arrays_are_a_loop(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for low in range(1, ROWS, 19):
            session.execute(text("SELECT id FROM readings WHERE id = ANY(:ids)"), {"ids": [*range(low, low + 19)]})

    assert loops(await profile(work)) == [6]


@only_postgresql
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM readings WHERE number <> :customer AND id = ANY(:ids)",
        "UPDATE readings SET number = number WHERE number <> :customer AND id = ANY(:ids)",
    ],
)
async def test_p2_an_array_for_each_customer_is_a_loop(profile: Profiler, sql: str) -> None:
    def work(session: Session) -> None:
        for customer in range(5):
            session.execute(text(sql), {"customer": customer, "ids": [*range(1, 40)]})

    assert loops(await profile(work)) == [5]


def counts_by_ranges(session: Session) -> None:
    for low in range(1, ROWS, 25):
        session.scalars(select(func.count(Reading.id)).where(Reading.id >= low, Reading.id < low + 25)).all()


def reads_each_quarter_of_an_hour(session: Session) -> None:
    for number in range(0, 90, 15):
        query = select(Reading).where(Reading.at >= minute(number), Reading.at < minute(number + 15))
        session.scalars(query).all()


def ranges_of_two(session: Session) -> None:
    for low in range(1, 21, 2):
        session.execute(update(Reading).where(Reading.id.between(low, low + 1)).values(number=0))


def a_range_for_each_number(session: Session) -> None:
    for number in range(5):
        low = number * 20
        query = update(Reading).where(Reading.number != number, Reading.id.between(low, low + 19))
        session.execute(query.values(number=Reading.number))


def deletes_up_to_bounds_that_go_back(session: Session) -> None:
    for bound in (25, 75, 50):
        session.execute(delete(Reading).where(Reading.id <= bound))


def deletes_of_few_up_to_a_bound(session: Session) -> None:
    for bound in range(10, 60, 10):
        session.execute(delete(Reading).where(Reading.id <= bound))


def updates_up_to_a_bound(session: Session) -> None:
    for bound in range(25, ROWS + 1, 25):
        session.execute(update(Reading).where(Reading.id <= bound).values(number=Reading.number + 1))


@pytest.mark.parametrize(
    "loop",
    [
        counts_by_ranges, reads_each_quarter_of_an_hour, ranges_of_two, a_range_for_each_number,
        deletes_up_to_bounds_that_go_back, deletes_of_few_up_to_a_bound, updates_up_to_a_bound,
    ],
)  # fmt: skip
async def test_p3_what_looks_like_chunks_and_is_a_loop(profile: Profiler, loop: Body) -> None:
    assert loops(await profile(loop)) != []


@only_postgresql
async def test_p5_a_lock_beside_data_is_a_read(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for number in range(1, 6):
            query = "SELECT code, set_config('app.reading', '1', true) FROM readings WHERE id = :id"
            session.execute(text(query), {"id": number})

    assert loops(await profile(work)) == [5]
