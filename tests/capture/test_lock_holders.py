"""Which transactions are noted beside a slow statement: those that may have held its locks."""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest

from query_guard.capture.live import lock_holders
from query_guard.capture.live.lock_holders import has_ended, writers_beside
from query_guard.capture.origin.statement_info import UnreadInfo
from query_guard.capture.window.open_transaction import OpenTransaction
from query_guard.records import Statement, Writer
from tests.clock import Clock
from tests.reports import ENGINE, statement


def beside(row: Statement, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return who had written from 0.2 s on until the end of a second, where a statement ran in that second."""
    monkeypatch.setattr(lock_holders, "_ended", deque(maxlen=2))
    monkeypatch.setattr(lock_holders, "live_watches", tuple)
    origin = clock.now
    clock.move(0.2)
    transaction = OpenTransaction(1, 1, ENGINE, 1, autocommit=False)
    clock.move(0.8)
    transaction.ended = clock.now
    checkout: Any = SimpleNamespace(name="POST /hold")
    has_ended(transaction, checkout)
    return [writer.name for writer in writers_beside([row], origin)]


LOCKING = {"writes": ("posts",), "start": 0.5}


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({**LOCKING, "duration": 0.05}, ["POST /hold"]),
        ({**LOCKING, "duration": 0.3}, ["POST /hold"]),
        ({**LOCKING, "duration": 0.049}, []),
        ({"start": 0.5, "duration": 0.3}, []),
        ({"start": 0.5, "duration": 0.3, "sql": "SELECT a FROM t FOR UPDATE"}, ["POST /hold"]),
        ({**LOCKING, "duration": 0.3, "engine": ENGINE._replace(serial=2)}, []),
        ({**LOCKING, "duration": 0.3, "engine": ENGINE._replace(is_server=False)}, []),
        ({**LOCKING, "start": 0.1, "duration": 0.1}, []),
        ({**LOCKING, "start": 0.1, "duration": 0.2}, ["POST /hold"]),
        ({**LOCKING, "start": 1.0, "duration": 0.2}, []),
    ],
)
def test_who_had_written_while_a_slow_statement_ran(
    fields: dict[str, Any], found: list[str], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert beside(statement(**fields), clock, monkeypatch) == found


def held(name: str, transaction: OpenTransaction | None) -> Any:
    return SimpleNamespace(name=name, transaction=transaction)


def test_those_who_still_hold_their_locks_are_noted_with_their_tables(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = clock.now
    wrote, only_read = (OpenTransaction(1, 1, ENGINE, 1, autocommit=False) for _ in range(2))
    for sql in ("UPDATE posts SET title = ?", "DELETE FROM tags", "UPDATE posts SET id = ?"):
        wrote.writes(UnreadInfo(sql, ENGINE))
    fields: dict[str, Any] = LOCKING
    holders = {1: held("GET /idle", None), 2: held("GET /reads", only_read), 3: held("POST /holds", wrote)}
    monkeypatch.setattr(lock_holders, "_ended", deque(maxlen=2))
    monkeypatch.setattr(lock_holders, "live_watches", lambda: (SimpleNamespace(holders=holders),))
    clock.move(4)
    found = writers_beside([statement(**{**fields, "duration": 0.3})], origin)
    assert found == (Writer(wrote.serial, "POST /holds", 0.0, 4.0, ("posts", "tags"), ENGINE.serial),)
