"""What findings say, word for word, of one and of several."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard import Facts, Finding
from query_guard.detectors import (
    BlockingDriver,
    CartesianProduct,
    CommitAfterResponse,
    CommitPerRow,
    ConnectionLeak,
    Detector,
    DuplicateStatement,
    EventLoopBlocked,
    FailedStatement,
    IdleInTransaction,
    LargeResult,
    LostWrite,
    MissingGreenlet,
    NestedCheckout,
    NPlusOne,
    PoolTimeout,
    PoolWait,
    SlowStatement,
    SplitTransaction,
    WriteInReadRequest,
)
from query_guard.records import (
    NO_INFO,
    CallSite,
    Checkout,
    Engine,
    FailedLoad,
    Frame,
    Holder,
    Loader,
    LoopBlock,
)
from tests.reports import ENGINE, POSTS, REQUEST, SITE, checkout, facts_of, pool, statement, transaction

OTHER = CallSite(57, (Frame("users.py", 57, "list_users", 50),), "router", False)
SQL = "SELECT posts.id FROM posts WHERE posts.author_id = ?"
FILE = Engine(2, "sqlite+pysqlite", "sqlite", False)


def told(detector: Detector, facts: Facts) -> list[str]:
    return [one.summary for one in detector(facts) if isinstance(one, Finding)]


def holder(name: str = "GET /", **fields: Any) -> Holder:
    given = {"checkout": 1, "site": SITE, "held": 0.3, "idle": 0.2, "doing": "idle", "suspected": False}
    return Holder(name=name, **{**given, **fields})


GAVE_BACK = (holder(doing="then returned"),)


def out(*checkouts: Checkout, **fields: Any) -> Facts:
    return facts_of(checkouts=checkouts, pools=(pool(capacity=2),), **fields)


TWICE = (statement(1), statement(2))
LEAKED = checkout(outcome="leaked", hold=None, start=0.01)
COLLECTED = checkout(outcome="collected", hold=0.25)
LOST = {"outcome": "rolled back", "ended_by": "close"}
WROTE = statement(1, operation="INSERT", writes=("posts",), sql="INSERT INTO posts", rows=1)
JOINED = NO_INFO._replace(joined=(("Post.comments",), ("Post.tags",)))
DEEP = NO_INFO._replace(joined=(("User.posts",), ("User.posts", "Post.comments"), ("User.posts", "Post.tags")))
DEFERRED = Loader("column", "User", "biography", False, ())

WORDS: list[tuple[Detector, Facts, list[str]]] = [
    (
        DuplicateStatement(),
        facts_of(*[row._replace(values=(7,)) for row in TWICE]),
        [f"The same SELECT with the same values ran 2 times, from one line: {SQL}"],
    ),
    (
        DuplicateStatement(),
        facts_of(TWICE[0]._replace(values=(7,)), TWICE[1]._replace(values=(7,), site=OTHER)),
        [f"The same SELECT with the same values ran 2 times, from 2 lines: {SQL}"],
    ),
    (SlowStatement(), facts_of(statement(duration=0.5)), [f"SELECT took 500 ms: {SQL}"]),
    (LargeResult(), facts_of(statement(rows=10_000)), [f"10000 rows were fetched at once, without LIMIT: {SQL}"]),
    (
        FailedStatement(),
        facts_of(*[row._replace(error="DataError") for row in TWICE]),
        [f"SELECT failed 2 times with DataError: {SQL}"],
    ),
    (FailedStatement(), facts_of(statement(error="DataError")), [f"SELECT failed with DataError: {SQL}"]),
    (
        BlockingDriver(),
        facts_of(statement(1, blocking=True, duration=0.25)),
        [f"1 statement of postgresql+asyncpg held up the event loop for 250 ms: {SQL}"],
    ),
    (
        BlockingDriver(),
        facts_of(*[row._replace(blocking=True, duration=0.75) for row in TWICE]),
        [f"2 statements of postgresql+asyncpg held up the event loop for 1.5 s: {SQL}"],
    ),
    (BlockingDriver(), facts_of(statement(blocking=True, request=0), statement(2)), []),
    (
        WriteInReadRequest(),
        facts_of(WROTE, WROTE._replace(serial=2, writes=("posts", "tags"))),
        ["A GET request wrote to posts, 2 times: INSERT INTO posts"],
    ),
    (WriteInReadRequest(), facts_of(WROTE), ["A GET request wrote to posts: INSERT INTO posts"]),
    (WriteInReadRequest(), facts_of(WROTE, request=REQUEST._replace(method="POST")), []),
    (WriteInReadRequest(), facts_of(statement()), []),
    (
        CartesianProduct(),
        facts_of(statement(info=JOINED, rows=30)),
        [f"Post.comments and Post.tags are joined side by side, 30 rows: {SQL}"],
    ),
    (
        CartesianProduct(),
        facts_of(statement(info=DEEP)),
        [f"Post.comments and Post.tags are joined side by side: {SQL}"],
    ),
    (
        ConnectionLeak(),
        out(LEAKED),
        ["A connection was not returned at the end of the request, 40 ms after its checkout; the pool has at most 2"],
    ),
    (
        ConnectionLeak(),
        facts_of(checkouts=(COLLECTED, COLLECTED._replace(hold=0.5))),
        ["2 connections were dropped, and the garbage collector returned them after 500 ms"],
    ),
    (ConnectionLeak(), out(checkout(), checkout(outcome="late"), checkout(outcome="timeout")), []),
    (
        PoolTimeout(),
        out(checkout(outcome="timeout", wait=0.3)),
        ["No connection was free within 300 ms: code that is not recorded held them all"],
    ),
    (
        PoolTimeout(),
        out(
            *[checkout(outcome="timeout", wait=0.3, holders=(holder("GET /a"), holder("GET /b"), holder("GET /b")))] * 2
        ),
        ["No connection was free within 300 ms, 2 times: 3 of at most 2 were held, 2 by GET /b"],
    ),
    (
        PoolTimeout(),
        facts_of(checkouts=(checkout(outcome="timeout", wait=3.0, holders=(holder("GET /a"),)),)),
        ["No connection was free within 3.0 s: 1 were held, all by GET /a"],
    ),
    (PoolWait(), facts_of(checkouts=(checkout(wait=0.06, holders=GAVE_BACK),)), ["A connection was waited for 60 ms"]),
    (
        PoolWait(),
        out(checkout(wait=0.06, holders=GAVE_BACK)),
        ["A connection was waited for 60 ms while all 2 were held"],
    ),
    (
        NestedCheckout(),
        facts_of(
            checkouts=(
                checkout(serial=1, hold=0.5, site=SITE),
                checkout(serial=2, start=0.1, site=OTHER),
                checkout(serial=3, start=0.3, site=OTHER),
            ),
            pools=(pool(),),
        ),
        ["A second connection was taken while the one taken at crud.py:31 was still held, 2 times"],
    ),
    (
        LostWrite(),
        facts_of(WROTE, transactions=(transaction(**LOST),)),
        [
            "1 write was rolled back, as the session was closed without commit, and the answer was 200: "
            "INSERT INTO posts"
        ],
    ),
    (
        LostWrite(),
        facts_of(
            WROTE,
            transactions=(transaction(**LOST, writes=2),),
            request=REQUEST._replace(status=None, kind="websocket"),
        ),
        ["2 writes were rolled back, as the session was closed without commit: INSERT INTO posts"],
    ),
    (
        CommitAfterResponse(),
        facts_of(transactions=(transaction(phase="teardown", after_response=True),)),
        ["Writes were committed after the response had started: the client reads 200 even if the commit fails"],
    ),
    (
        CommitPerRow(),
        facts_of(transactions=(transaction(),) * 4),
        ["4 transactions were committed one by one, at the same line"],
    ),
    (
        SplitTransaction(),
        facts_of(transactions=(transaction(), transaction(site=OTHER))),
        ["The request committed its writes in 2 transactions: when a later one fails, the earlier stay"],
    ),
    (
        EventLoopBlocked(),
        facts_of(
            loop_blocks=(LoopBlock(0.0, 0.25, SITE, 1), LoopBlock(1.0, 1.5, SITE, 1), LoopBlock(3, 4, SITE, 2)),
            serial=1,
        ),
        [
            "The event loop stood still for 500 ms, 2 times at this line",
            "The event loop stood still for 1.0 s at this line, outside this request",
        ],
    ),
    (EventLoopBlocked(), facts_of(loop_blocks=(LoopBlock(3, 4),), serial=1), ["The event loop stood still for 1.0 s"]),
    (
        IdleInTransaction(),
        facts_of(
            statement(start=0.0, duration=0.0),
            transactions=(transaction(end=0.5, rows_written=1, site=OTHER),),
            serial=1,
        ),
        ["A transaction was open and idle for 500 ms after this statement; it had written 1 row"],
    ),
    (
        IdleInTransaction(),
        facts_of(
            statement(1, start=0.0, duration=0.0, writes=("posts",), rows=2),
            statement(2, start=0.5, duration=0.0),
            transactions=(transaction(end=0.75, rows_written=2),),
            serial=1,
        ),
        ["A transaction was open and idle for 500 ms after this statement, 2 times; it had written 2 rows"],
    ),
    (
        MissingGreenlet(),
        facts_of(failed_loads=(FailedLoad(1, POSTS, SITE, "endpoint", 1),)),
        ["User.posts was not loaded when it was read, and an AsyncSession cannot load it without await"],
    ),
    (
        MissingGreenlet(),
        facts_of(failed_loads=(FailedLoad(1, None, SITE, "endpoint", 1),)),
        ["The database was used outside SQLAlchemy's greenlet"],
    ),
    (
        NPlusOne(),
        facts_of(*[statement(n, loader=DEFERRED, owner=n) for n in (1, 2, 3)]),
        [f"The deferred User.biography was loaded 3 times, once for each object of a loop: {SQL}"],
    ),
    (
        NPlusOne(),
        facts_of(*[statement(n, loader=DEFERRED._replace(kind="expired", attribute=""), owner=n) for n in (1, 2, 3)]),
        [f"An expired User was read again 3 times, once for each object of a loop: {SQL}"],
    ),
    (
        NPlusOne(),
        facts_of(*[statement(n, loader=DEFERRED._replace(kind="refresh"), owner=n) for n in (1, 2, 3)]),
        [f"User was refreshed 3 times, once for each object of a loop: {SQL}"],
    ),
    (
        NPlusOne(),
        facts_of(
            *[statement(n, task=n % 2, connection=n % 2) for n in (1, 2, 3)],
            checkouts=(checkout(connection=0), checkout(connection=1, start=0.05)),
        ),
        [f"SELECT from posts ran 3 times, fanned out over 2 tasks and 2 connections: {SQL}"],
    ),
    (
        NPlusOne(),
        facts_of(
            *[statement(n, task=n, connection=n % 2) for n in (1, 2, 3)],
            checkouts=(checkout(connection=0), checkout(connection=1, start=0.05)),
        ),
        [f"SELECT from posts ran 3 times, fanned out over 3 tasks and 2 connections: {SQL}"],
    ),
    (
        NPlusOne(),
        facts_of(
            *[statement(n, task=n, connection=n % 2) for n in (1, 2, 3)],
            checkouts=(checkout(connection=0), checkout(connection=1, start=0.2)),
        ),
        [f"SELECT from posts ran 3 times, once for each object of a loop: {SQL}"],
    ),
    (
        NPlusOne(),
        facts_of(*[statement(n, task=n, connection=1) for n in (1, 2, 3)]),
        [f"SELECT from posts ran 3 times, once for each object of a loop: {SQL}"],
    ),
    (
        NPlusOne(),
        facts_of(*[WROTE._replace(serial=n, values=(n,), start=n / 10) for n in (1, 2, 3)]),
        ["INSERT on posts ran 3 times, once for each object of a loop: INSERT INTO posts"],
    ),
    (
        NPlusOne(),
        facts_of(
            *[statement(n, loader=POSTS, owner=n, phase="serialization") for n in (1, 2)],
            request=REQUEST._replace(endpoint=Frame("main.py", 3, "show", 3)),
        ),
        [f"User.posts was loaded 2 times, while the answer of show was serialised: {SQL}"],
    ),
]


@pytest.mark.parametrize(
    ("detector", "facts", "summaries"), WORDS, ids=[f"{n}-{type(one).__name__}" for n, (one, _, _) in enumerate(WORDS)]
)
def test_it_says(detector: Detector, facts: Facts, summaries: list[str]) -> None:
    assert told(detector, facts) == summaries


def fix(detector: Detector, facts: Facts) -> str:
    (finding,) = [one for one in detector(facts) if isinstance(one, Finding)]
    return finding.fix


@pytest.mark.parametrize(
    ("engine", "driver"),
    [
        (ENGINE, "postgresql+asyncpg"),
        (FILE, "sqlite+aiosqlite"),
        (ENGINE._replace(dialect="mysql"), "mysql+asyncmy"),
        (ENGINE._replace(dialect="oracle"), "an async driver"),
    ],
)
def test_a_driver_that_awaits_is_named(engine: Engine, driver: str) -> None:
    row = statement(blocking=True, engine=engine)
    assert fix(BlockingDriver(), facts_of(row)).endswith(f"or use AsyncSession on {driver}")


@pytest.mark.parametrize(
    ("holders", "begins"),
    [
        ((), "Look at code outside requests"),
        ((holder(doing="running a statement"),), "Shorten the holders' statements"),
        ((holder(doing="idle in transaction"), holder(doing="idle")), "Commit or close the holders' sessions"),
        ((holder(), holder(suspected=True)), "Close the session at crud.py:31: it looks forgotten"),
        ((holder("GET /a", suspected=True, site=CallSite(0, (), "", False)),), "Close the session of GET /a: it looks"),
        (
            tuple(holder(name, suspected=True, site=CallSite(0, (), "", False)) for name in ("GET /a", "GET /b")),
            "Close the session of GET /a: it looks",
        ),
        ((holder(suspected=True), holder(suspected=True, site=OTHER)), "Close the session at crud.py:31: it looks"),
    ],
)
def test_what_to_do_when_a_pool_is_exhausted(holders: tuple[Holder, ...], begins: str) -> None:
    assert fix(PoolTimeout(), out(checkout(outcome="timeout", holders=holders))).startswith(begins)


@pytest.mark.parametrize(("is_async", "remedy"), [(True, "await session.commit()"), (False, "session.commit()")])
def test_a_commit_is_awaited_where_the_session_is(is_async: bool, remedy: str) -> None:
    engine = ENGINE._replace(is_async=is_async)
    lost = facts_of(WROTE, transactions=(transaction(**LOST, engine=engine),))
    split = facts_of(transactions=(transaction(engine=engine), transaction(site=OTHER, engine=engine)))
    assert f": {remedy};" in fix(LostWrite(), lost)
    assert fix(SplitTransaction(), split).endswith(f": {remedy}")


def test_a_leaked_session_is_opened_as_its_engine_wants() -> None:
    leaked = facts_of(checkouts=(LEAKED,), pools=(pool(engine=ENGINE._replace(is_async=True)),))
    assert "passes: async with AsyncSession(engine) as session:, or" in fix(ConnectionLeak(), leaked)
    assert "passes: with Session(engine) as session:, or" in fix(ConnectionLeak(), out(LEAKED))


def test_siblings_are_loaded_with_selects_of_their_own() -> None:
    (finding,) = [one for one in CartesianProduct()(facts_of(statement(info=DEEP))) if isinstance(one, Finding)]
    assert finding.remedy == "joinedload(User.posts).selectinload(Post.tags)"
    assert finding.relationship == "Post.tags"
