"""Writes that are lost, and statements that one commit after a loop avoids, of facts made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard import Facts, Finding
from query_guard.detectors import CommitPerRow, LostWrite
from query_guard.records import NOWHERE, CallSite, Engine, Frame, Loader, Statement
from tests.reports import REQUEST, SITE, facts_of, statement, transaction

EXPIRED = Loader("expired", "User", "", False, (), ("User",))
ELSEWHERE = CallSite(57, (Frame("users.py", 57, "list_users", 50),), "router", False)
FILE = Engine(2, "sqlite+aiosqlite", "sqlite", False)
WRITES: dict[str, Any] = {"operation": "INSERT", "sql": "INSERT INTO posts", "writes": ("posts",), "rows": 1}
CLOSED: dict[str, Any] = {"outcome": "rolled back", "ended_by": "close"}


def commits(*rows: Statement, times: int = 3) -> tuple[int, ...]:
    """Return what a single commit avoids; the commits are at 0.1, 0.2 ... seconds."""
    ends = tuple(transaction(serial=n, end=n / 10) for n in range(1, times + 1))
    (finding,) = CommitPerRow()(facts_of(*rows, transactions=ends))
    assert isinstance(finding, Finding)
    return finding.avoided


@pytest.mark.parametrize(
    ("fields", "is_avoided"),
    [
        ({"flush": 4}, True),
        ({"flush": 4, "site": NOWHERE}, True),
        ({"flush": 4, "site": ELSEWHERE}, False),
        ({"flush": 0}, False),
        ({"flush": 4, "transaction": 9}, False),
    ],
)
def test_the_flush_of_each_commit_is_one_flush_with_a_single_commit(fields: dict[str, Any], is_avoided: bool) -> None:
    assert commits(statement(1), statement(2, **{**WRITES, **fields})) == ((2,) if is_avoided else ())


@pytest.mark.parametrize(
    ("fields", "is_avoided"),
    [
        ({"start": 0.15}, True),
        ({"start": 0.1}, True),
        ({"start": 0.09}, False),
        ({"start": 0.3}, False),
        ({"start": 0.35}, False),
        ({"start": 0.15, "engine": FILE}, False),
        ({"start": 0.15, "loader": EXPIRED._replace(kind="refresh")}, False),
        ({"start": 0.15, "loader": None}, False),
    ],
)
def test_what_a_commit_of_the_loop_has_expired_is_not_loaded_again(fields: dict[str, Any], is_avoided: bool) -> None:
    reload = statement(2, **{"loader": EXPIRED, "site": ELSEWHERE, "transaction": 2, **fields})
    assert commits(reload) == ((2,) if is_avoided else ())


def test_all_reloads_of_a_line_in_the_loop_are_avoided_and_those_after_the_loop_stay() -> None:
    third = SITE._replace(key=99)
    of_loop = [statement(n, loader=EXPIRED, site=ELSEWHERE, start=start) for n, start in ((1, 0.15), (2, 0.5))]
    assert commits(*of_loop, statement(3, loader=EXPIRED, site=third, start=0.6)) == (1, 2)


def test_a_transaction_of_which_the_end_is_not_known_has_expired_nothing() -> None:
    ends = (*[transaction(serial=n, end=n / 10) for n in (1, 2)], transaction(serial=3, end=None))
    reloads = [statement(n, loader=EXPIRED, start=n / 10 + 0.05) for n in (1, 2)]
    (finding,) = CommitPerRow()(facts_of(*reloads, transactions=ends))
    assert isinstance(finding, Finding)
    assert finding.avoided == (1, 2)


def test_commits_of_another_line_engine_or_message_are_none_of_the_loop() -> None:
    for fields in ({"site": ELSEWHERE}, {"engine": FILE}, {"segment": 1}):
        ends = (transaction(serial=1), transaction(serial=2), transaction(serial=3, **fields))
        assert list(CommitPerRow()(facts_of(transactions=ends))) == []


def test_the_rows_of_all_commits_are_averaged() -> None:
    for rows, kind in (((30, 20, 10), "Silence"), ((30, 20, 9), "Finding")):
        ends = tuple(transaction(serial=n, rows_written=number) for n, number in enumerate(rows, 1))
        assert [type(one).__name__ for one in CommitPerRow()(facts_of(transactions=ends))] == [kind]


def lost(*rows: Statement, **fields: Any) -> Facts:
    return facts_of(*rows, transactions=(transaction(**{**CLOSED, **fields}),))


def test_a_lost_write_is_the_last_that_wrote_a_row() -> None:
    rows = [
        statement(1),
        statement(2, **WRITES),
        statement(3, **{**WRITES, "rows": None, "sql": "UPDATE posts", "site": ELSEWHERE, "phase": "dependency"}),
        statement(4, **{**WRITES, "rows": 0, "sql": "DELETE FROM posts"}),
        statement(5),
        statement(6, **WRITES, transaction=9),
    ]
    (finding,) = LostWrite()(lost(*rows, writes=2))
    assert finding.summary.endswith(": UPDATE posts")
    assert (finding.site, finding.phase, finding.statements, finding.count) == (ELSEWHERE, "dependency", (2, 3), 2)


@pytest.mark.parametrize(
    ("fields", "times"),
    [
        ({}, 1),
        ({"status": 399}, 1),
        ({"status": 400}, 0),
        ({"status": None}, 0),
        ({"status": None, "kind": "websocket"}, 1),
        ({"status": None, "kind": "block"}, 0),
        ({"kind": "block"}, 0),
        ({"exception": "LookupError"}, 0),
        ({"cancelled": True}, 0),
    ],
)
def test_a_write_is_lost_where_the_work_went_well(fields: dict[str, Any], times: int) -> None:
    facts = facts_of(statement(1, **WRITES), transactions=(transaction(**CLOSED),), request=REQUEST._replace(**fields))
    assert len(list(LostWrite()(facts))) == times
