"""What is silent, and for the true reason: chunks, polls, acts, the catalogue, rows that may be refused."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, inspect, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.exc import StaleDataError

from query_guard import Report, record
from tests.clock import Clock
from tests.databases import ASYNC_DRIVERS, SYNC_DRIVERS, UNTIMED, Database, Profiler
from tests.models import Tag, User, Versioned

pytestmark = pytest.mark.asyncio
only_sync = pytest.mark.parametrize("driver", SYNC_DRIVERS, indirect=True)
only_async = pytest.mark.parametrize("driver", ASYNC_DRIVERS, indirect=True)
only_postgresql = pytest.mark.parametrize("driver", ["psycopg", "asyncpg"], indirect=True)


def kinds(report: Report) -> list[str]:
    return [finding.kind for finding in report.loud_findings]


def chunks(size: int = 25) -> Iterator[list[dict[str, Any]]]:
    for first in range(1_000, 1_100, size):
        yield [{"id": number, "name": f"tag {number}"} for number in range(first, first + size)]


def inserted_as_sets(session: Session) -> None:
    for chunk in chunks():
        session.execute(insert(Tag), chunk)


def inserted_as_values(session: Session) -> None:
    for chunk in chunks():
        session.execute(insert(Tag).values(chunk))


def flushed(session: Session) -> None:
    for chunk in chunks():
        session.add_all([Tag(**row) for row in chunk])
        session.flush()


def updated_by_ranges(session: Session) -> None:
    for first in range(1, 101, 25):
        session.execute(update(Tag).where(Tag.id.between(first, first + 24)).values(name="same"))


def deleted_by_ranges(session: Session) -> None:
    for first in range(1_001, 1_101, 25):
        session.execute(delete(Tag).where(Tag.id.between(first, first + 24)))


@pytest.mark.parametrize("work", [inserted_as_sets, inserted_as_values, flushed, updated_by_ranges, deleted_by_ranges])
async def test_p3_what_writes_in_chunks_is_no_loop(profile: Profiler, work: Callable[[Session], None]) -> None:
    def rolled_back(session: Session) -> None:
        work(session)
        session.rollback()

    assert kinds(await profile(rolled_back)) == []


async def test_p3_small_chunks_are_a_loop(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for chunk in chunks(10):
            session.execute(insert(Tag), chunk)
        session.rollback()

    assert kinds(await profile(work)) == ["n_plus_one"]


async def test_p3_an_update_by_one_value_is_a_loop_however_many_rows_it_writes(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for name in ("a", "b", "c"):
            session.execute(update(User).where(User.name != name).values(name=User.name))
        session.rollback()

    assert kinds(await profile(work)) == ["n_plus_one"]


async def test_p3_ranges_that_overlap_are_a_loop(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for first in (1, 11, 21):
            session.execute(update(Tag).where(Tag.id.between(first, first + 24)).values(name=Tag.name))
        session.rollback()

    assert kinds(await profile(work)) == ["n_plus_one"]


def count_users(session: Session) -> None:
    session.scalar(select(func.count(User.id)))


def newer_than(value: int) -> Callable[[Session], None]:
    def read(session: Session) -> None:
        session.scalars(select(Tag).where(Tag.id > value)).all()

    return read


def severities(report: Report) -> list[tuple[str, str]]:
    return [(finding.kind, finding.severity) for finding in report.findings]


async def test_p4_a_poll_reads_in_transactions_of_its_own_and_waits(database: Database) -> None:
    """Whether it waits is not known where the loop cannot be seen, as what the test sends into threads."""
    with record("a poll", detectors=UNTIMED) as recording:
        for _ in range(4):
            await database.run(count_users)
            await asyncio.sleep(0.001)
    assert severities(recording.report) == ([] if database.is_async else [("duplicate_statement", "info")])


async def test_p4_a_poll_in_a_thread(database: Database) -> None:
    def polled(session: Session) -> None:
        for _ in range(4):
            with Session(session.get_bind()) as own_session:
                count_users(own_session)
            time.sleep(0.001)

    with record("a poll", detectors=UNTIMED) as recording:
        await database.run(polled)
    assert severities(recording.report) == []


@only_async
async def test_p4_without_a_wait_it_is_no_poll_however_long_it_takes(database: Database, clock: Clock) -> None:
    with record("no poll", detectors=UNTIMED) as recording:
        for _ in range(4):
            await database.run(count_users)
            clock.move(0.2)
    assert severities(recording.report) == [("duplicate_statement", "warning")]


@only_async
async def test_p4_a_while_may_wait_in_what_it_calls(database: Database) -> None:
    turns = iter(range(4))
    with record("perhaps a poll", detectors=UNTIMED) as recording:
        while next(turns, None) is not None:
            await database.run(count_users)
    assert severities(recording.report) == [("duplicate_statement", "info")]


@only_async
async def test_p4_equal_reads_side_by_side_are_no_poll(database: Database) -> None:
    with record("side by side", detectors=UNTIMED) as recording:
        await asyncio.gather(database.run(count_users), database.run(count_users), database.run(count_users))
    assert severities(recording.report) == [("duplicate_statement", "warning")]


@pytest.mark.parametrize(
    ("values", "known", "unknown"), [((0, 3, 3, 6), [], "info"), ((6, 3, 3, 0), [("n_plus_one", "warning")], "warning")]
)
async def test_p4_a_poll_may_ask_for_what_is_new(
    database: Database, values: tuple[int, ...], known: list[tuple[str, str]], unknown: str
) -> None:
    with record("a poll", detectors=UNTIMED) as recording:
        for value in values:
            await database.run(newer_than(value))
            await asyncio.sleep(0.001)
    assert severities(recording.report) == (known if database.is_async else [("n_plus_one", unknown)])


@only_async
async def test_p4_what_asks_for_more_without_a_wait_is_a_loop(database: Database, clock: Clock) -> None:
    with record("a loop", detectors=UNTIMED) as recording:
        for value in (0, 3, 3, 6):
            await database.run(newer_than(value))
            clock.move(0.2)
    assert severities(recording.report) == [("n_plus_one", "warning")]


async def test_p4_one_by_one_after_waits_is_no_poll(database: Database) -> None:
    with record("a loop", detectors=UNTIMED) as recording:
        for value in (1, 2, 3):
            await database.run(lambda session, key=value: session.get(User, key))  # type: ignore[misc]  # mypy infers no lambda with a default
            await asyncio.sleep(0.001)
    assert kinds(recording.report) == ["n_plus_one"]


async def test_p4_a_long_poll_of_which_not_all_transactions_are_described(database: Database) -> None:
    with record("a long poll", detectors=UNTIMED) as recording:
        for _ in range(300):
            await database.run(count_users)
            await asyncio.sleep(0.0001)
    assert recording.report.facts.dropped_transactions > 0
    assert kinds(recording.report) == []


@only_postgresql
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pg_advisory_xact_lock(:value)",
        "SELECT pg_notify('jobs', CAST(:value AS text))",
        "SELECT set_config('app.tenant', CAST(:value AS text), true)",
    ],
)
@pytest.mark.parametrize("values", [(1, 2, 3, 4), (1, 1, 1, 1)], ids=["others", "the same"])
async def test_p5_a_statement_that_acts_is_no_read(profile: Profiler, statement: str, values: tuple[int, ...]) -> None:
    def work(session: Session) -> None:
        for value in values:
            given = value if "lock" in statement else str(value)
            session.execute(text(statement), {"value": given})

    assert kinds(await profile(work)) == []


@only_sync
async def test_p5_reflection_is_nobodys_loop(database: Database) -> None:
    with record("reflection", detectors=UNTIMED) as recording, database.sync_engine.connect() as connection:
        inspector = inspect(connection)
        for name in inspector.get_table_names():
            inspector.get_columns(name)
            inspector.get_foreign_keys(name)
    assert recording.query_count > 3
    assert {"n_plus_one", "duplicate_statement"}.isdisjoint(kinds(recording.report))


@pytest.mark.parametrize("keys", [(2_001, 1, 2_002, 2_003), (2_001, 2_002, 2_003, 1)])
async def test_p5_rows_that_may_be_refused_have_a_transaction_each(profile: Profiler, keys: tuple[int, ...]) -> None:
    def work(session: Session) -> None:
        for key in keys:
            session.add(Tag(id=key, name="may be refused"))
            try:
                session.commit()
            except IntegrityError:
                session.rollback()

    report = await profile(work)
    assert "n_plus_one" not in kinds(report)
    (finding,) = (finding for finding in report.findings if finding.kind == "commit_per_row")
    assert finding.fix.startswith("Put each row under session.begin_nested(), as some are refused")


@pytest.mark.parametrize(
    "keys",
    [(2_001, 2_002, 2_002, 2_003), (2_001, 2_002, 2_003, 2_002), (2_001, 2_001, 2_001, 2_001), (2_001, 2_002, 1, 1, 1)],
)
async def test_p5_rows_that_may_be_refused_have_a_savepoint_each(profile: Profiler, keys: tuple[int, ...]) -> None:
    def work(session: Session) -> None:
        for key in keys:
            with suppress(IntegrityError), session.begin_nested():
                session.add(Tag(id=key, name="may be refused"))
        session.scalar(select(func.count(Tag.id)))
        session.rollback()

    assert "n_plus_one" not in kinds(await profile(work))


@only_postgresql
async def test_p5_a_queue_ends_each_job_with_its_lock(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for _ in range(3):
            tag = session.scalars(select(Tag).with_for_update(skip_locked=True).limit(1)).one()
            tag.name += "!"
            session.commit()

    assert kinds(await profile(work)) == []


@only_postgresql
async def test_p5_a_loop_within_a_job_is_a_loop(profile: Profiler) -> None:
    def work(session: Session) -> None:
        session.scalars(select(Tag).with_for_update(skip_locked=True).limit(1)).one()
        for key in (1, 2, 3):
            session.get(User, key)

    assert kinds(await profile(work)) == ["n_plus_one"]


@pytest.mark.parametrize("tries", [2, 4])
async def test_p5_a_version_that_is_stale_is_tried_again(profile: Profiler, tries: int) -> None:
    def work(session: Session) -> None:
        session.add(Versioned(id=1, name="begun"))
        session.commit()
        for attempt in range(tries):
            document = session.get_one(Versioned, 1)
            document.name = f"try {attempt}"
            if attempt < tries - 1:
                session.connection().execute(text("UPDATE versioned SET version = version + 1"))
            with suppress(StaleDataError):
                session.commit()
            session.rollback()

    report = await profile(work)
    assert [finding.count for finding in report.loud_findings if "SET name" in finding.summary] == []
    assert "not N+1: a retry: the transactions before the last one failed" in {one.reason for one in report.silences}


async def test_p5_what_a_failed_transaction_had_read_is_read_again(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for attempt in range(4):
            session.scalars(select(Tag).where(Tag.id == 1)).one()
            session.scalars(select(User).where(User.id == 1).options(selectinload(User.posts))).one()
            if attempt < 3:
                with suppress(DBAPIError):
                    session.execute(text("SELECT * FROM that_is_not_there"))
            session.rollback()
            session.expunge_all()

    assert "duplicate_statement" not in kinds(await profile(work))


async def test_p5_what_was_rolled_back_without_a_failure_was_read_twice(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for _ in range(3):
            session.scalars(select(Tag).where(Tag.id == 1)).one()
            session.rollback()

    assert kinds(await profile(work)) == ["duplicate_statement"]


async def test_p5_updates_that_find_no_row_are_a_loop_where_nothing_is_rolled_back(profile: Profiler) -> None:
    def work(session: Session) -> None:
        for key in (901, 902, 903):
            session.execute(update(Tag).where(Tag.id == key).values(name="none"))
            session.commit()

    assert "n_plus_one" in {kind for finding in (await profile(work)).findings for kind in finding.kinds}
