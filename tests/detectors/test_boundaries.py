"""Each default at its boundary: what is just below is silent, what just reaches it is found. No clock runs here."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard import Facts, Finding
from query_guard.detectors import (
    DEFAULTS,
    CartesianProduct,
    CommitAfterResponse,
    CommitPerRow,
    CountedCollection,
    Detector,
    DuplicateStatement,
    EventLoopBlocked,
    FailedStatement,
    IdleInTransaction,
    LargeResult,
    LostWrite,
    NestedCheckout,
    NPlusOne,
    PoolSettings,
    PoolWait,
    SlowStatement,
    SplitTransaction,
    StatementBudget,
    UnusedEagerLoad,
    defaults,
)
from query_guard.records import (
    NO_INFO,
    NOWHERE,
    CallSite,
    Engine,
    Frame,
    Holder,
    Loader,
    LoopBlock,
    Pause,
    Read,
    Silence,
    Step,
)
from tests.reports import ENGINE, POSTS, REQUEST, SITE, checkout, facts_of, pool, statement, transaction

FILE = Engine(2, "sqlite+aiosqlite", "sqlite", False)
GAVE_BACK = Holder(2, "GET /posts", NOWHERE, 0.1, 0.0, "then returned", suspected=False)
ELSEWHERE = CallSite(57, (Frame("users.py", 57, "list_users", 50),), "router", False)


def severities(detector: Detector, facts: Facts) -> list[str]:
    return [one.severity for one in detector(facts) if isinstance(one, Finding)]


def silences(detector: Detector, facts: Facts) -> list[str]:
    return [one.reason for one in detector(facts) if isinstance(one, Silence)]


def only(detector: Detector, facts: Facts) -> Finding:
    (finding,) = [one for one in detector(facts) if isinstance(one, Finding)]
    return finding


@pytest.mark.parametrize(("milliseconds", "found"), [(99.9, []), (100, ["warning"])])
def test_a_statement_is_slow_from_a_tenth_of_a_second_on(milliseconds: float, found: list[str]) -> None:
    assert severities(SlowStatement(), facts_of(statement(duration=milliseconds / 1000))) == found


def test_time_in_which_the_loop_stood_still_does_not_make_a_statement_slow() -> None:
    facts = facts_of(statement(duration=0.15, stalled=0.06))
    assert severities(SlowStatement(), facts) == []
    assert silences(SlowStatement(), facts) == ["not slow: the event loop stood still for 60 ms of its 150 ms"]
    finding = only(SlowStatement(), facts_of(statement(duration=0.25, stalled=0.125)))
    assert finding.summary.startswith("SELECT took 125 ms: ")


def test_slow_statements_of_one_line_are_one_finding_that_names_the_worst() -> None:
    rows = [statement(1, duration=0.12), statement(2, duration=0.3), statement(3, duration=0.09)]
    finding = only(SlowStatement(), facts_of(*rows))
    assert (finding.count, finding.statements) == (2, (1, 2))
    assert finding.summary.startswith("SELECT took 300 ms, 2 times: ")
    assert finding.saving == pytest.approx(0.22)


@pytest.mark.parametrize(("count", "found"), [(50, []), (51, ["info"])])
def test_above_fifty_statements_are_mentioned_without_a_budget(count: int, found: list[str]) -> None:
    assert severities(StatementBudget(), facts_of(query_count=count)) == found


@pytest.mark.parametrize(("count", "found"), [(2, []), (3, ["warning"])])
def test_a_budget_is_what_may_be_sent(count: int, found: list[str]) -> None:
    facts = facts_of(request=REQUEST._replace(budget=2), query_count=count)
    assert severities(StatementBudget(), facts) == found


def test_a_budget_of_nothing_allows_nothing() -> None:
    finding = only(StatementBudget(), facts_of(statement(), request=REQUEST._replace(budget=0)))
    assert finding.summary == "GET /users sent 1 statement; its budget is 0"
    assert finding.fix == "Send fewer, or raise the budget"


def test_a_budget_names_the_busiest_line() -> None:
    rows = [statement(1), statement(2, site=ELSEWHERE), statement(3, site=ELSEWHERE)]
    finding = only(StatementBudget(), facts_of(*rows, request=REQUEST._replace(budget=2)))
    assert (finding.site, finding.count, finding.request) == (ELSEWHERE, 3, 1)
    assert finding.fix == "Start with the line that sent 2 of them, or raise the budget"


@pytest.mark.parametrize(("times", "found"), [(1, []), (2, ["info"]), (3, ["warning"])])
def test_the_same_statement_twice_is_information_and_three_times_a_warning(times: int, found: list[str]) -> None:
    facts = facts_of(*[statement(n, values=(7,)) for n in range(1, times + 1)])
    assert severities(DuplicateStatement(), facts) == found


def test_a_duplicate_saves_all_but_its_first() -> None:
    rows = [statement(n, values=(7,), duration=0.01) for n in (1, 2, 3)]
    finding = only(DuplicateStatement(), facts_of(*rows))
    assert (finding.count, finding.saved_statements, finding.statements) == (3, 2, (1, 2, 3))
    assert finding.saving == pytest.approx(0.02)


@pytest.mark.parametrize(("milliseconds", "found"), [(49.9, []), (50, ["warning"])])
def test_a_connection_was_waited_for_from_fifty_milliseconds_on(milliseconds: float, found: list[str]) -> None:
    facts = facts_of(checkouts=(checkout(wait=milliseconds / 1000, holders=(GAVE_BACK,)),), pools=(pool(),))
    assert severities(PoolWait(), facts) == found


def test_time_that_went_by_while_a_connection_was_free_is_no_wait() -> None:
    """A StaticPool, or one with room, on a machine that stalls."""
    for holders in ((), (GAVE_BACK._replace(doing="idle"),)):
        facts = facts_of(checkouts=(checkout(wait=30.0, holders=holders),), pools=(pool(),))
        assert severities(PoolWait(), facts) == []
    given_up = facts_of(checkouts=(checkout(wait=30.0, outcome="cancelled"),), pools=(pool(),))
    assert severities(PoolWait(), given_up) == ["warning"]


def test_a_wait_that_ended_in_a_timeout_is_no_wait() -> None:
    assert (
        severities(PoolWait(), facts_of(checkouts=(checkout(wait=30.0, outcome="timeout", holders=(GAVE_BACK,)),)))
        == []
    )


def test_waits_for_one_pool_are_one_finding() -> None:
    waits = (checkout(wait=0.06, holders=(GAVE_BACK,)), checkout(wait=0.08, holders=(GAVE_BACK,)))
    finding = only(PoolWait(), facts_of(checkouts=waits, pools=(pool(capacity=1),)))
    assert finding.summary == "A connection was waited for 80 ms, 2 times 140 ms in all while the only one was held"
    assert finding.count == 2
    assert finding.saving == pytest.approx(0.14)


@pytest.mark.parametrize(("seconds", "found"), [(0.0999, []), (0.1, ["warning"])])
def test_the_loop_stood_still_from_a_tenth_of_a_second_on(seconds: float, found: list[str]) -> None:
    assert severities(EventLoopBlocked(), facts_of(loop_blocks=(LoopBlock(0.0, seconds, SITE, 1),))) == found


def test_a_block_without_a_line_is_information() -> None:
    assert severities(EventLoopBlocked(), facts_of(loop_blocks=(LoopBlock(0.0, 0.2),))) == ["info"]


@pytest.mark.parametrize(("share", "found"), [(0.5, ["warning"]), (0.51, [])])
def test_a_block_that_is_mostly_a_blocking_statement_is_reported_as_that(share: float, found: list[str]) -> None:
    row = statement(start=0.0, duration=share, blocking=True)
    assert severities(EventLoopBlocked(), facts_of(row, loop_blocks=(LoopBlock(0.0, 1.0, SITE, 1),))) == found


def idle_for(seconds: float, **fields: Any) -> Facts:
    """A transaction that was idle between its two statements, and waited at another line."""
    rows = (statement(1, start=0.0, duration=0.01), statement(2, start=0.01 + seconds, duration=0.01))
    waits = (Pause(0.06, ELSEWHERE),)
    whole = transaction(start=0.0, end=0.02 + seconds, writes=0, rows_written=0, pauses=waits, **fields)
    return facts_of(*rows, transactions=(whole,), serial=1)


@pytest.mark.parametrize(("seconds", "found"), [(0.0999, []), (0.1001, ["warning"])])
def test_a_transaction_is_idle_from_a_tenth_of_a_second_on(seconds: float, found: list[str]) -> None:
    assert severities(IdleInTransaction(), idle_for(seconds)) == found


def test_an_idle_transaction_of_a_file_is_information() -> None:
    assert severities(IdleInTransaction(), idle_for(0.3, engine=FILE)) == ["info"]


def test_autocommit_is_never_idle_in_transaction() -> None:
    assert severities(IdleInTransaction(), idle_for(0.3, autocommit=True)) == []


def test_a_transaction_that_is_open_is_not_judged() -> None:
    facts = idle_for(0.3)
    (whole,) = facts.transactions
    assert severities(IdleInTransaction(), facts_of(*facts.statements, transactions=(whole._replace(end=None),))) == []


def test_an_idle_transaction_names_the_line_that_waited() -> None:
    finding = only(IdleInTransaction(), idle_for(0.3))
    assert (finding.site, finding.count, finding.phase) == (ELSEWHERE, 1, "endpoint")
    assert finding.summary == "A transaction was open and idle for 300 ms while this line waited"


@pytest.mark.parametrize(("by", "found"), [(1, ["warning"]), (2, [])])
def test_what_another_request_held_up_is_not_idle(by: int, found: list[str]) -> None:
    facts = idle_for(0.2)
    blocked = facts_of(*facts.statements, transactions=facts.transactions, serial=1)
    blocked.loop_blocks = (LoopBlock(0.05, 0.17, ELSEWHERE, by),)
    assert severities(IdleInTransaction(), blocked) == found


@pytest.mark.parametrize(
    ("sql", "tables", "found"),
    [("SELECT ?", (), []), ("SELECT now()", (), ["warning"]), ("SELECT id FROM users", ("users",), ["warning"])],
)
def test_a_transaction_for_a_ping_alone_is_not_idle(sql: str, tables: tuple[str, ...], found: list[str]) -> None:
    ping = statement(start=0.0, duration=0.01, sql=sql, tables=tables)
    whole = transaction(start=0.0, end=0.3, writes=0, rows_written=0)
    assert severities(IdleInTransaction(), facts_of(ping, transactions=(whole,), serial=1)) == found
    further = statement(2, start=0.29, duration=0.01, sql=sql, tables=tables)
    assert severities(IdleInTransaction(), facts_of(ping, further, transactions=(whole,), serial=1)) == ["warning"]


@pytest.mark.parametrize(("rows", "found"), [(9_999, []), (10_000, ["warning"])])
def test_a_result_is_large_from_ten_thousand_rows_on(rows: int, found: list[str]) -> None:
    assert severities(LargeResult(), facts_of(statement(rows=rows))) == found


@pytest.mark.parametrize(
    "fields", [{"streamed": True}, {"sql": "SELECT id FROM posts LIMIT ?"}, {"operation": "INSERT"}, {"rows": None}]
)
def test_a_result_is_not_large_that_is_streamed_limited_or_no_select(fields: dict[str, Any]) -> None:
    assert severities(LargeResult(), facts_of(statement(**{"rows": 20_000, **fields}))) == []


def test_a_large_result_is_found_beside_one_that_is_limited() -> None:
    limited = statement(1, rows=20_000, sql="SELECT posts.id FROM posts LIMIT ?", fingerprint="limited")
    assert severities(LargeResult(), facts_of(limited, statement(2, rows=20_000))) == ["warning"]


SIBLINGS = NO_INFO._replace(joined=(("Post.comments",), ("Post.tags",)))
CHAIN = NO_INFO._replace(joined=(("User.posts",), ("User.posts", "Post.comments")))


@pytest.mark.parametrize(("rows", "found"), [(19, []), (20, ["warning"]), (None, ["warning"])])
def test_collections_side_by_side_multiply_from_twenty_rows_on(rows: int | None, found: list[str]) -> None:
    assert severities(CartesianProduct(), facts_of(statement(info=SIBLINGS, rows=rows))) == found


def test_collections_side_by_side_are_found_after_a_select_without_any() -> None:
    others = [statement(n, fingerprint=f"other {n}", info=info) for n, info in enumerate((NO_INFO, CHAIN), 1)]
    assert severities(CartesianProduct(), facts_of(*others, statement(3, info=SIBLINGS, rows=20))) == ["warning"]


@pytest.mark.parametrize("rows", [(30, 5), (5, 30)])
def test_collections_are_judged_by_the_execution_that_returned_most(rows: tuple[int, int]) -> None:
    executions = [statement(serial, info=SIBLINGS, rows=number) for serial, number in enumerate(rows, 1)]
    (finding,) = CartesianProduct()(facts_of(*executions))
    assert isinstance(finding, Finding)
    assert " 30 rows" in finding.summary


def test_a_chain_of_collections_multiplies_nothing() -> None:
    assert severities(CartesianProduct(), facts_of(statement(info=CHAIN, rows=20_000))) == []


@pytest.mark.parametrize(("owners", "found"), [(1, []), (2, ["warning"])])
def test_two_owners_of_a_relationship_make_a_loop(owners: int, found: list[str]) -> None:
    rows = [statement(n, loader=POSTS, owner=n % owners, values=(n % owners,)) for n in range(1, 4)]
    assert severities(NPlusOne(), facts_of(*rows)) == found


@pytest.mark.parametrize(("values", "found"), [(2, []), (3, ["warning"])])
def test_elsewhere_three_sets_of_values_make_a_loop(values: int, found: list[str]) -> None:
    facts = facts_of(*[statement(n) for n in range(1, values + 1)])
    assert severities(NPlusOne(), facts) == found
    assert silences(NPlusOne(), facts) == ([] if found else ["not N+1: only 2 different sets of values"])


def test_executions_with_many_sets_of_values_or_of_an_insert_are_different_each_time() -> None:
    update = {"sql": "UPDATE posts SET title = ? WHERE id = ?", "operation": "UPDATE", "writes": ("posts",)}
    insert = {"sql": "INSERT INTO posts (title) VALUES (?)", "operation": "INSERT", "writes": ("posts",)}
    for fields in ({**update, "executemany": True, "values": ()}, {**insert, "values": ("same",)}):
        facts = facts_of(*[statement(n, **fields) for n in (1, 2, 3)])
        assert (severities(NPlusOne(), facts), silences(NPlusOne(), facts)) == (["warning"], [])
    facts = facts_of(*[statement(n, **update, values=("same", 7)) for n in (1, 2, 3)])
    assert (severities(NPlusOne(), facts), silences(NPlusOne(), facts)) == ([], ["not N+1: the same values each time"])


def test_loads_of_unknown_owners_are_distinguished_by_values() -> None:
    rows = [statement(n, loader=POSTS, owner=None) for n in (1, 2, 3)]
    assert severities(NPlusOne(), facts_of(*rows)) == ["warning"]


@pytest.mark.parametrize(("binds", "found"), [(19, ["warning"]), (20, [])])
def test_chunks_of_an_in_list_have_twenty_values(binds: int, found: list[str]) -> None:
    sql = "SELECT posts.id FROM posts WHERE posts.id IN (?)"
    rows = [statement(n, sql=sql, binds=binds) for n in range(1, 4)]
    assert severities(NPlusOne(), facts_of(*rows)) == found


@pytest.mark.parametrize(("notes", "found"), [(False, []), (True, ["warning"])])
def test_an_eager_load_is_unused_where_reads_are_noted(notes: bool, found: list[str]) -> None:
    facts = facts_of(statement(loader=POSTS._replace(kind="eager"), rows=3))
    assert severities(UnusedEagerLoad(), facts) == []
    facts.notes_reads = notes
    assert severities(UnusedEagerLoad(), facts) == found


def committed(times: int, **fields: Any) -> Facts:
    return facts_of(transactions=tuple(transaction(serial=n, **fields) for n in range(1, times + 1)))


@pytest.mark.parametrize(("times", "found"), [(2, []), (3, ["warning"])])
def test_three_commits_of_one_line_are_a_commit_per_row(times: int, found: list[str]) -> None:
    assert severities(CommitPerRow(), committed(times)) == found


@pytest.mark.parametrize(("rows", "found"), [(19, ["warning"]), (20, [])])
def test_a_commit_of_twenty_rows_is_a_chunk(rows: int, found: list[str]) -> None:
    facts = committed(3, rows_written=rows)
    assert severities(CommitPerRow(), facts) == found
    assert silences(CommitPerRow(), facts) == ([] if found else ["no commit per row: 20 rows each"])


@pytest.mark.parametrize("fields", [{"phase": "streaming"}, {"autocommit": True}, {"writes": 0}, {"outcome": "failed"}])
def test_other_commits_are_no_commits_per_row(fields: dict[str, Any]) -> None:
    assert severities(CommitPerRow(), committed(5, **fields)) == []


INSERTED = {"operation": "INSERT", "writes": ("posts",), "fingerprint": "insert"}


@pytest.mark.parametrize(
    ("refused", "exception", "fix"),
    [
        ({"serial": 4}, None, "Put each row under session.begin_nested(), as some are refused, and commit once"),
        ({"serial": 4}, "IntegrityError", "Commit once, after the loop"),
        (
            {"serial": 0},
            "IntegrityError",
            "Put each row under session.begin_nested(), as some are refused, and commit once",
        ),
        ({"serial": 4, "error": None}, None, "Commit once, after the loop"),
        ({"serial": 4, "operation": "UPDATE", "fingerprint": "update"}, None, "Commit once, after the loop"),
    ],
)
def test_where_rows_are_refused_one_commit_needs_savepoints(
    refused: dict[str, Any], exception: str | None, fix: str
) -> None:
    rows = [statement(n, transaction=n, **INSERTED) for n in (1, 2, 3)]
    failed = statement(transaction=4, **{**INSERTED, "error": "UniqueViolation", **refused})
    facts = facts_of(*sorted([*rows, failed], key=lambda row: row.serial), transactions=committed(3).transactions)
    facts.request = REQUEST._replace(exception=exception)
    assert only(CommitPerRow(), facts).fix.startswith(fix)


def test_what_a_websocket_commits_for_each_message_is_meant() -> None:
    facts = committed(5)
    facts.request = REQUEST._replace(kind="websocket")
    assert severities(CommitPerRow(), facts) == []


def test_two_committed_transactions_split_the_work() -> None:
    first, second = transaction(serial=1), transaction(serial=2, site=ELSEWHERE)
    assert severities(SplitTransaction(), facts_of(transactions=(first,))) == []
    finding = only(SplitTransaction(), facts_of(transactions=(first, second)))
    assert (finding.severity, finding.count, finding.site, finding.callers) == (
        "info", 2, ELSEWHERE, (SITE, ELSEWHERE),
    )  # fmt: skip


@pytest.mark.parametrize("fields", [{"phase": "background"}, {"phase": "task"}, {"segment": 1}, {"engine": FILE}])
def test_transactions_of_other_work_split_nothing(fields: dict[str, Any]) -> None:
    facts = facts_of(transactions=(transaction(serial=1), transaction(serial=2, site=ELSEWHERE, **fields)))
    assert severities(SplitTransaction(), facts) == []


def test_a_loop_of_commits_at_one_line_is_no_split() -> None:
    assert severities(SplitTransaction(), committed(3)) == []
    assert severities(SplitTransaction(), committed(2)) == ["info"]


def lost(status: int | None, kind: Any = "http", **fields: Any) -> Facts:
    row = statement(operation="INSERT", writes=("posts",), rows=1)
    end = transaction(**{"outcome": "rolled back", "ended_by": "close", **fields})
    return facts_of(row, transactions=(end,), request=REQUEST._replace(status=status, kind=kind))


@pytest.mark.parametrize(("status", "found"), [(None, []), (200, ["warning"]), (399, ["warning"]), (400, [])])
def test_a_write_is_lost_where_the_answer_said_that_all_was_well(status: int | None, found: list[str]) -> None:
    assert severities(LostWrite(), lost(status)) == found


def test_a_websocket_has_no_answer_and_a_block_no_promise() -> None:
    assert severities(LostWrite(), lost(None, "websocket")) == ["warning"]
    assert severities(LostWrite(), lost(None, "block")) == []


@pytest.mark.parametrize(
    "fields",
    [{"outcome": "committed"}, {"ended_by": "application"}, {"writes": 0}, {"autocommit": True}, {"has_failed": True}],
)
def test_a_write_is_not_lost_that_somebody_meant_to_end(fields: dict[str, Any]) -> None:
    assert severities(LostWrite(), lost(200, **fields)) == []


@pytest.mark.parametrize(("status", "severity"), [(None, "warning"), (499, "info"), (500, "warning")])
def test_a_failure_is_a_warning_where_the_request_failed_too(status: int | None, severity: str) -> None:
    facts = facts_of(statement(error="IntegrityError"), request=REQUEST._replace(status=status))
    assert severities(FailedStatement(), facts) == [severity]


def test_a_cancelled_statement_is_information_whatever_was_answered() -> None:
    facts = facts_of(statement(error="CancelledError"), request=REQUEST._replace(status=500))
    assert severities(FailedStatement(), facts) == ["info"]


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        ("UniqueViolation", "Write with ON CONFLICT"),
        ("UndefinedTable", "Run the migrations"),
        ("DeadlockDetected", "Lock rows in one order"),
        ("SerializationFailure", "Try the transaction again"),
        ("SyntaxError", "Read the exception"),
    ],
)
def test_a_failure_has_the_fix_of_its_exception(error: str, fix: str) -> None:
    assert only(FailedStatement(), facts_of(statement(error=error))).fix.startswith(fix)


def test_a_block_promises_nothing_that_a_split_could_break() -> None:
    parts = (transaction(serial=1), transaction(serial=2, site=ELSEWHERE))
    found = {
        kind: severities(SplitTransaction(), facts_of(transactions=parts, request=REQUEST._replace(kind=kind)))
        for kind in ("http", "websocket", "block")
    }
    assert found == {"http": ["info"], "websocket": ["info"], "block": []}


def after_response(phase: Any, of_rows: Any = "endpoint") -> Facts:
    row = statement(operation="INSERT", writes=("posts",), phase=of_rows)
    return facts_of(row, transactions=(transaction(phase=phase, after_response=True),))


@pytest.mark.parametrize(
    ("phase", "of_rows", "found"),
    [
        ("teardown", "teardown", ["warning"]),
        ("background", "endpoint", ["warning"]),
        ("background", "dependency", ["warning"]),
        ("background", "background", []),
    ],
)
def test_a_commit_after_the_response_is_one_of_the_answers_own_work(phase: Any, of_rows: Any, found: list[str]) -> None:
    assert severities(CommitAfterResponse(), after_response(phase, of_rows)) == found


def test_commits_after_the_response_are_in_the_phase_of_the_first() -> None:
    late = [
        transaction(serial=n, phase=phase, after_response=True) for n, phase in ((1, "teardown"), (2, "background"))
    ]
    rows = [statement(n, operation="INSERT", writes=("posts",), transaction=n) for n in (1, 2)]
    finding = only(CommitAfterResponse(), facts_of(*rows, transactions=tuple(late)))
    assert (finding.phase, finding.count, finding.statements) == ("teardown", 2, (1, 2))


def test_a_commit_before_the_response_is_as_it_should_be() -> None:
    assert severities(CommitAfterResponse(), facts_of(transactions=(transaction(phase="teardown"),))) == []


def nested(out: int, capacity: int = 10, **fields: Any) -> Facts:
    outer = checkout(serial=1, start=0.0, hold=0.5, site=SITE)
    inner = checkout(**{"serial": 2, "start": 0.1, "hold": 0.1, "site": ELSEWHERE, "held_in_pool": out, **fields})
    return facts_of(checkouts=(outer, inner), pools=(pool(capacity=capacity),))


@pytest.mark.parametrize(("out", "found"), [(7, ["info"]), (8, ["warning"]), (9, ["warning"])])
def test_a_nested_checkout_is_a_warning_from_four_fifths_of_the_pool_on(out: int, found: list[str]) -> None:
    assert severities(NestedCheckout(), nested(out)) == found


def test_a_nested_checkout_that_timed_out_is_a_warning() -> None:
    assert severities(NestedCheckout(), nested(2, outcome="timeout")) == ["warning"]


@pytest.mark.parametrize(("start", "found"), [(0.0, ["info"]), (0.4999, ["info"]), (0.5, [])])
def test_a_checkout_is_nested_while_the_outer_one_is_held(start: float, found: list[str]) -> None:
    assert severities(NestedCheckout(), nested(2, start=start)) == found


@pytest.mark.parametrize("fields", [{"request": 2}, {"pool": 2}, {"task": 2, "site": SITE}])
def test_a_checkout_of_somebody_else_is_not_nested(fields: dict[str, Any]) -> None:
    assert severities(NestedCheckout(), nested(2, **fields)) == []


@pytest.mark.parametrize(("outer", "inner"), [(1, 2), (2, 1)])
def test_a_checkout_while_another_request_holds_one_is_not_nested(outer: int, inner: int) -> None:
    facts = nested(2, request=inner)
    first, second = facts.checkouts
    facts = facts_of(checkouts=(first._replace(request=outer), second), pools=facts.pools)
    assert severities(NestedCheckout(), facts) == []


@pytest.mark.parametrize(("before", "found"), [(99, ["info"]), (100, [])])
def test_the_first_hundred_checkouts_of_a_pool_are_looked_at(before: int, found: list[str]) -> None:
    apart = [checkout(serial=n, start=n / 1000, hold=0.0005) for n in range(1, before)]
    outer = checkout(serial=before, start=1.0, hold=1.0)
    inner = checkout(serial=before + 1, start=1.5, hold=0.1, site=ELSEWHERE, held_in_pool=2)
    facts = facts_of(checkouts=(*apart, outer, inner), pools=(pool(capacity=10),))
    assert severities(NestedCheckout(), facts) == found


def test_how_many_requests_would_wait_for_each_other() -> None:
    assert only(NestedCheckout(), nested(2)).details == (
        "10 such requests at once hold all 10 connections, and each waits for another one",
    )
    assert only(NestedCheckout(), nested(1, capacity=1)).details == (
        "with one connection, such a request waits for itself",
    )


def advice(**fields: Any) -> list[str]:
    return [one.fix.partition(" ")[2].partition(" ")[0] for one in _settings(**fields)]


def _settings(**fields: Any) -> list[Finding]:
    facts = facts_of(checkouts=(checkout(),), pools=(pool(**fields),), serial=1)
    return [one for one in PoolSettings()(facts) if isinstance(one, Finding)]


def test_a_pool_is_too_small_when_more_were_out_than_it_keeps() -> None:
    assert advice(peak=5) == []
    (finding,) = _settings(peak=6, waits=1, wait_time=0.25, connects=6, connect_time=0.12)
    assert finding.severity == "info"
    assert finding.summary == (
        "6 connections were out at once, of a pool that keeps 5; 1 wait took 250 ms; 6 were made, 20 ms each"
    )
    assert finding.fix.startswith("Set pool_size=6 ")


@pytest.mark.parametrize("fields", [{"is_default": False}, {"engine": FILE}, {"size": None}])
def test_a_size_that_was_chosen_or_is_none_is_left_alone(fields: dict[str, Any]) -> None:
    assert advice(peak=6, **fields) == []


@pytest.mark.parametrize(("connects", "found"), [(2, 0), (3, 1)])
def test_a_pool_that_keeps_nothing_is_reported_from_three_connections_on(connects: int, found: int) -> None:
    assert len(_settings(kind="NullPool", connects=connects, connect_time=0.03)) == found


def test_a_static_pool_is_reported_at_once() -> None:
    assert [one.summary for one in _settings(kind="StaticPool")] == [
        "StaticPool gives all requests the same connection"
    ]


def test_a_setting_is_reported_once_for_each_engine() -> None:
    detector = PoolSettings()
    other = ENGINE._replace(serial=9)

    def told(serial: int, engine: Engine) -> int:
        facts = facts_of(checkouts=(checkout(),), pools=(pool(engine=engine, pre_ping=False),), serial=serial)
        return len(list(detector(facts)))

    assert [told(1, ENGINE), told(1, ENGINE), told(2, ENGINE), told(2, other)] == [1, 1, 0, 1]


THIRD = CallSite(71, (Frame("mail.py", 71, "send", 64),), "router", False)


def test_a_duplicate_is_at_the_line_that_sent_it_last() -> None:
    sites = (SITE, ELSEWHERE, THIRD)
    finding = only(DuplicateStatement(), facts_of(*[statement(n, values=(7,), site=s) for n, s in enumerate(sites, 1)]))
    assert (finding.site, finding.callers, finding.statements) == (THIRD, sites, (1, 2, 3))


def test_the_fix_of_a_duplicate_is_that_of_the_one_that_was_sent_last() -> None:
    refreshed = Loader("refresh", "User", "", False, (), ("User",))
    loaders = (None, refreshed, None)
    rows = [statement(n, values=(7,), loader=loader) for n, loader in enumerate(loaders, 1)]
    fixes = [only(DuplicateStatement(), facts_of(*of)).fix for of in (rows, rows[:2])]
    assert fixes == [
        "Send it once, before what repeats this line, and keep the result",
        "Refresh it once: nothing was written to it or committed in between",
    ]


@pytest.mark.parametrize("sql", ["SELECT now()", "SELECT a FROM t FOR UPDATE", "SELECT nextval(?)"])
def test_what_may_answer_otherwise_is_no_duplicate(sql: str) -> None:
    assert severities(DuplicateStatement(), facts_of(*[statement(n, sql=sql, values=(7,)) for n in (1, 2)])) == []


def test_no_two_detectors_are_the_same_whatever_their_thresholds() -> None:
    """An application may keep them in sets and dicts; some remember what they have told."""
    assert len({*defaults(), *defaults()}) == 2 * len(DEFAULTS)


def test_from_three_on_a_duplicate_is_a_warning() -> None:
    found = [
        severities(DuplicateStatement(), facts_of(*[statement(n, values=(7,)) for n in range(times)]))
        for times in (3, 4)
    ]
    assert found == [["warning"], ["warning"]]


def test_what_a_loop_over_three_values_repeats_belongs_to_the_loop() -> None:
    def found(*values: int) -> list[str]:
        return severities(DuplicateStatement(), facts_of(*[statement(n, values=(v,)) for n, v in enumerate(values, 1)]))

    assert [found(1, 1, 2), found(1, 1, 2, 3), found(1, 1, 2, 3, 4)] == [["info"], [], []]


@pytest.mark.parametrize("wait", [0.0, 0.1, 60.0])
def test_that_time_went_by_between_two_reads_makes_no_poll_of_them(wait: float) -> None:
    rows = [statement(1, values=(7,)), statement(2, values=(7,), transaction=2, start=wait)]
    ended = (transaction(end=0.0, outcome="rolled back"), transaction(serial=2, start=wait, end=61.0))
    assert severities(DuplicateStatement(), facts_of(*rows, transactions=ended)) == ["info"]


@pytest.mark.parametrize(("until", "severity"), [(0.999, "info"), (1.0, "warning")])
def test_a_loop_that_stands_still_for_a_second_is_no_burst(until: float, severity: str) -> None:
    facts = facts_of(statement(start=0.3, duration=0.4), loop_blocks=(LoopBlock(0.0, until),))
    assert severities(SlowStatement(), facts) == [severity]


MAIN = Frame("users.py", 12, "list_users", 9)
SIX = tuple(CallSite(n, (Frame("crud.py", n, "load", 1), MAIN), "router", False) for n in range(1, 7))
READS = tuple(Read("User.posts", True, (), site, 1) for site in SIX)
OF_CHILDREN = Step("Node", "children", True, "Node", ("Node",), ("Node",))
CHILDREN = Loader("lazy", "Node", "children", True, ("Node.children",), ("Node",), "Node", (OF_CHILDREN,), ("id",))
WALK = [statement(n, loader=CHILDREN, owner=n, loaded_by=n - 1, site=site) for n, site in enumerate(SIX, 2)]
FROM_SIX_LINES = [
    (DuplicateStatement(), facts_of(*[statement(n, values=(7,), site=site) for n, site in enumerate(SIX, 1)])),
    (NPlusOne(), facts_of(statement(1), *WALK)),
    (CountedCollection(), facts_of(statement(loader=POSTS), reads=READS)),
    (EventLoopBlocked(), facts_of(loop_blocks=tuple(LoopBlock(n, n + 0.2, site) for n, site in enumerate(SIX)))),
]


@pytest.mark.parametrize(("detector", "facts"), FROM_SIX_LINES, ids=["duplicates", "a tree", "reads", "blocks"])
def test_five_of_the_lines_that_led_to_a_finding_are_named(detector: Detector, facts: Facts) -> None:
    assert [len(one.callers) for one in detector(facts) if isinstance(one, Finding)] == [5]
