"""Findings besides N+1: rows D1 to D3 and D18 to D24 of the gate."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, orm, select, text, update
from sqlalchemy.exc import DBAPIError, MissingGreenlet, StatementError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session, aliased, contains_eager, joinedload

from query_guard import Finding, QueryGuard, Report, defaults, record
from query_guard.detectors import SlowStatement
from tests.databases import ASYNC_DRIVERS, Database, Profiler
from tests.models import Post, Tag, User

pytestmark = pytest.mark.asyncio
only_async = pytest.mark.parametrize("driver", ASYNC_DRIVERS, indirect=True)


unawaited = pytest.mark.filterwarnings(
    # the coroutine that nobody could await is the very fault
    "ignore:coroutine",
    "ignore:Exception ignored in. <coroutine:pytest.PytestUnraisableExceptionWarning",
)


@pytest.fixture(autouse=True)
def collect() -> Iterator[None]:
    """Let such a coroutine be noticed here, and not in the next test."""
    yield
    gc.collect()


def findings(report: Report, kind: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.kind == kind]


@pytest.mark.parametrize(("times", "severity"), [(2, "info"), (3, "warning")])
async def test_d1_the_same_statement_with_the_same_values(profile: Profiler, times: int, severity: str) -> None:
    def again(session: Session) -> None:
        for _ in range(times):
            session.scalars(select(User).where(User.name == "user 1")).all()

    (finding,) = findings(await profile(again), "duplicate_statement")
    assert (finding.count, finding.severity) == (times, severity)
    assert finding.site.innermost is not None
    assert finding.site.innermost.function == "again"


async def test_d1_repetitions_within_a_loop_belong_to_the_loop(profile: Profiler) -> None:
    def loop(session: Session) -> None:
        for number in (1, 2, 3, 1, 2, 3, 1, 2, 3):
            session.execute(select(User.name).where(User.id == number)).all()

    assert [finding.kind for finding in (await profile(loop)).findings] == ["n_plus_one"]


READ = select(User.name).where(User.id == 1)
BETWEEN: dict[str, Callable[[Session], Any]] = {
    "an update of the table": lambda session: session.execute(update(User).values(name="new")),
    "a commit": lambda session: session.commit(),
}


@pytest.mark.parametrize("between", BETWEEN.values(), ids=BETWEEN.keys())
async def test_d2_silent_when_the_data_may_have_changed(profile: Profiler, between: Callable[[Session], Any]) -> None:
    def again(session: Session) -> None:
        for _ in range(3):
            session.execute(READ).all()
            between(session)

    assert findings(await profile(again), "duplicate_statement") == []


async def test_d2_an_update_of_another_table_changes_nothing(profile: Profiler) -> None:
    def again(session: Session) -> None:
        for number in range(3):
            session.execute(READ).all()
            session.execute(update(Post).where(Post.id == number).values(title="new"))

    assert len(findings(await profile(again), "duplicate_statement")) == 1


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"], indirect=True)
@pytest.mark.parametrize(
    "statement",
    [READ.with_for_update(), select(func.now()), select(func.random()), text("SELECT nextval('users_id_seq')")],
    ids=["for update", "now", "random", "nextval"],
)
async def test_d2_silent_when_a_repetition_means_something(profile: Profiler, statement: Any) -> None:
    def again(session: Session) -> None:
        for _ in range(3):
            session.execute(statement).all()

    assert findings(await profile(again), "duplicate_statement") == []


SLEEP = {
    "postgresql": "SELECT pg_sleep(0.12)",
    "sqlite": "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 900000) SELECT max(x) FROM n",
}


async def test_d3_a_slow_statement(database: Database, profile: Profiler) -> None:
    def slow(session: Session) -> None:
        session.execute(text(SLEEP[database.dialect])).all()

    report = await profile(slow, detectors=defaults(SlowStatement(seconds=0.02)))
    (finding,) = findings(report, "slow_statement")
    assert finding.site.innermost is not None
    assert finding.site.innermost.function == "slow"
    assert finding.summary.startswith("SELECT took ")


async def test_d18_two_sibling_collections_joined(database: Database, profile: Profiler) -> None:
    def siblings(session: Session, *options: Any) -> None:
        query = select(Post).options(joinedload(Post.comments), *(options or (joinedload(Post.tags),)))
        session.scalars(query).unique().all()

    before = await profile(siblings)
    (finding,) = findings(before, "cartesian_product")
    assert finding.summary.startswith("Post.comments and Post.tags are joined side by side")
    assert ", 30 rows" in finding.summary
    after = await profile(lambda session: siblings(session, eval(finding.remedy, {**globals(), **vars(orm)})))
    assert findings(after, "cartesian_product") == []


async def test_d18_a_chain_of_collections_multiplies_nothing(profile: Profiler) -> None:
    def chain(session: Session) -> None:
        query = select(User).options(joinedload(User.posts).joinedload(Post.comments), joinedload(User.posts))
        session.scalars(query).unique().all()
        query = select(User).options(joinedload(User.posts).joinedload(Post.author))
        session.scalars(query).unique().all()

    assert findings(await profile(chain), "cartesian_product") == []


Products = Callable[[Session], Any]
PRODUCTS: dict[str, tuple[Products, str]] = {
    "under different parents": (
        lambda session: session.scalars(
            select(Post).options(joinedload(Post.comments), joinedload(Post.author).joinedload(User.posts))
        ),
        "User.posts and Post.comments are joined side by side, ",
    ),
    "below one collection": (
        lambda session: session.scalars(
            select(User).options(joinedload(User.posts).options(joinedload(Post.comments), joinedload(Post.tags)))
        ),
        "Post.comments and Post.tags are joined side by side, ",
    ),
    "through contains_eager": (
        lambda session: session.scalars(
            select(Post)
            .join(Post.comments)
            .join(Post.tags)
            .options(contains_eager(Post.comments), contains_eager(Post.tags))
        ),
        "Post.comments and Post.tags are joined side by side, ",
    ),
    "one joined, one contained": (
        lambda session: session.scalars(
            select(Post).join(Post.comments).options(contains_eager(Post.comments), joinedload(Post.tags))
        ),
        "Post.tags and Post.comments are joined side by side, ",
    ),
    "without a condition": (
        lambda session: session.execute(select(User.name, Post.title)),
        "users and posts are selected from without a condition between them, 75 rows: ",
    ),
    "counted without a condition": (
        lambda session: session.execute(select(func.count(User.id)).where(Post.title != "")),
        "users and posts are selected from without a condition between them, 1 rows: ",
    ),
}


@pytest.mark.filterwarnings("ignore:SELECT statement has a cartesian product")
@pytest.mark.parametrize(("query", "said"), PRODUCTS.values(), ids=PRODUCTS.keys())
async def test_p8_products(profile: Profiler, query: Products, said: str) -> None:
    report = await profile(lambda session: query(session).unique().all())
    (finding,) = findings(report, "cartesian_product")
    assert finding.summary.startswith(said)


async def test_p8_what_multiplies_nothing(profile: Profiler) -> None:
    one_row = select(func.count(Tag.id).label("n")).subquery()
    alias = aliased(User)

    def calm(session: Session) -> None:
        for query in (
            select(Post).join(Post.comments).options(contains_eager(Post.comments)),
            select(User).options(joinedload(User.posts).joinedload(Post.comments)),
            select(Post).options(joinedload(Post.author), joinedload(Post.comments)),
            select(User.name, Post.title).where(User.id == Post.author_id),
            select(User.name, Post.title).where(User.id == Post.author_id, Post.id < 0),
            select(User.name, one_row.c.n),
            select(User.name, alias.name).join(alias, alias.id > User.id),
            select(Post).join(Post.comments).join(Post.tags).distinct(),
        ):
            session.execute(query).unique().all()

    assert findings(await profile(calm), "cartesian_product") == []


@pytest.mark.filterwarnings("ignore:SELECT statement has a cartesian product")
async def test_p8_few_rows_are_not_worth_a_word(profile: Profiler) -> None:
    report = await profile(lambda session: session.execute(select(Tag.name, User.name).where(User.id < 3)).all())
    assert findings(report, "cartesian_product") == []


NUMBERS = (
    "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10000) SELECT n FROM numbers"
)


async def test_d19_ten_thousand_rows_without_limit(profile: Profiler) -> None:
    report = await profile(lambda session: session.execute(text(NUMBERS)).all())
    (finding,) = findings(report, "large_result")
    assert finding.summary == f"10000 rows were fetched at once, without LIMIT: {report.facts.statements[0].sql}"


async def test_d19_silent_when_limited_or_streamed(profile: Profiler) -> None:
    def limited_and_streamed(session: Session) -> None:
        session.execute(text(f"{NUMBERS} LIMIT 10000")).all()
        for _ in session.execute(text(NUMBERS).execution_options(yield_per=100)):
            pass

    assert findings(await profile(limited_and_streamed), "large_result") == []


class PostOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    title: str


class UserOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    posts: list[PostOut]


@unawaited
@only_async
async def test_d20_a_lazy_load_outside_a_greenlet(database: Database, profile: Profiler) -> None:
    raised: list[BaseException] = []

    async def endpoint() -> None:
        async with database.async_session() as session:
            user = (await session.scalars(select(User))).first()
            assert user is not None
            try:
                len(user.posts)
            except Exception as error:
                raised.append(error)
                raise

    report = await profile.endpoint(endpoint)
    assert report.request.status == 500
    assert isinstance(raised[0], (MissingGreenlet, StatementError))
    assert raised[0].code == "xd2s"
    (finding,) = findings(report, "missing_greenlet")
    frame = finding.site.innermost
    assert frame is not None
    assert (frame.function, finding.relationship, finding.remedy) == (
        "endpoint",
        "User.posts",
        "selectinload(User.posts)",
    )
    assert finding.fix.endswith(", or await the object's awaitable_attrs.posts")


@unawaited
@only_async
async def test_d20_while_fastapi_validates_the_response(database: Database, profile: Profiler) -> None:
    async def session() -> AsyncIterator[Any]:
        async with database.async_session() as session:
            yield session

    async def list_users(session: Any = Depends(session)) -> Any:
        return (await session.scalars(select(User))).all()

    report = await profile.endpoint(list_users, route={"response_model": list[UserOut]})
    assert report.request.status == 500
    (finding,) = findings(report, "missing_greenlet")
    assert (finding.relationship, finding.phase) == ("User.posts", "serialization")


@unawaited
@only_async
async def test_d20_an_expired_attribute(database: Database, profile: Profiler) -> None:
    async def endpoint() -> None:
        async with database.async_session() as session:
            user = (await session.scalars(select(User))).first()
            assert user is not None
            await session.commit()
            _ = user.name

    (finding,) = findings(await profile.endpoint(endpoint), "missing_greenlet")
    assert finding.remedy == "expire_on_commit=False"


async def test_a_statement_that_failed_the_request_is_a_warning(profile: Profiler) -> None:
    report = await profile(lambda session: session.execute(text("SELECT nothing FROM nowhere")))
    (finding,) = findings(report, "failed_statement")
    assert (finding.severity, finding.count) == ("warning", 1)
    assert finding.summary.startswith("SELECT failed with ")


async def test_a_failure_that_the_application_dealt_with_is_information(profile: Profiler) -> None:
    def dealt_with(session: Session) -> None:
        with pytest.raises(DBAPIError):
            session.execute(text("SELECT nothing FROM nowhere"))

    (finding,) = findings(await profile(dealt_with), "failed_statement")
    assert finding.severity == "info"


async def test_d22_failed_cancelled_and_refused_leave_nothing_behind(database: Database, profile: Profiler) -> None:
    def failing(session: Session) -> None:
        for _ in range(3):
            with pytest.raises(DBAPIError):
                session.execute(text("SELECT nothing FROM nowhere"))
            session.rollback()
        session.execute(READ)

    report = await profile(failing)
    assert [row.error is not None for row in report.facts.statements] == [True, True, True, False]
    assert report.query_count == 4


@pytest.mark.parametrize("driver", ["asyncpg"], indirect=True)
async def test_d22_a_refused_connection(database: Database) -> None:
    engine = create_async_engine("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    with record() as recording, pytest.raises(OSError, match="[Cc]onnect"):
        async with engine.connect():
            pass
    await engine.dispose()
    assert recording.report.query_count == 0
    assert [checkout.outcome for checkout in recording.report.facts.checkouts] == ["failed"]


PARTNERS = {"sqlite3": "aiosqlite", "aiosqlite": "sqlite3", "psycopg": "asyncpg", "asyncpg": "psycopg"}


async def test_d23_300_requests_in_parallel_sync_and_async_mixed(database: Database) -> None:
    partner = PARTNERS[database.driver]
    schemes = {"sqlite3": "sqlite", "psycopg": "postgresql+psycopg", "asyncpg": "postgresql+asyncpg"}
    url = database.url.partition("://")[2]
    other = Database(partner, f"{schemes.get(partner, 'sqlite+aiosqlite')}://{url}")
    of_sync, of_async = (other, database) if database.is_async else (database, other)
    reports: list[Report] = []
    app = FastAPI()
    app.add_middleware(QueryGuard, reporters=[reports.append], capture_parameters=True)

    @app.get("/sync/{number}")
    def with_session(number: int) -> None:
        with of_sync.session() as session:
            for n in range(number):
                session.execute(select(User.name).where(User.id == n))

    @app.get("/async/{number}")
    async def with_async_session(number: int) -> None:
        async with of_async.async_session() as session:
            for n in range(number):
                await session.execute(select(User.name).where(User.id == n))

    paths = [f"/{'sync' if n % 2 else 'async'}/{n % 7}" for n in range(300)]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost", timeout=60) as client:
        responses = await asyncio.gather(*(client.get(path) for path in paths))
    await other.dispose()
    assert [response.headers["X-Query-Count"] for response in responses] == [path[-1] for path in paths]
    assert all(report.query_count == int((report.request.path or "")[-1]) for report in reports)
    assert all(len(report.facts.statements) == report.query_count for report in reports)


async def test_d24_a_task_that_outlives_its_request(database: Database, profile: Profiler) -> None:
    tasks: list[asyncio.Task[Any]] = []
    go = asyncio.Event()

    async def straggler() -> None:
        await go.wait()
        await database.run(lambda session: session.execute(READ).all())

    async def endpoint() -> None:
        tasks.append(asyncio.create_task(straggler()))

    report = await profile.endpoint(endpoint)
    assert (report.query_count, report.facts.late.count) == (0, 0)
    go.set()
    await tasks[0]
    assert (report.query_count, report.facts.late.count) == (0, 1)
