"""Rows that one execution inserts one at a time.

SQLAlchemy sends an INSERT of many rows with RETURNING in a few statements, as long as it can match the returned rows
with their objects. With a key that the server makes, such as a UUID, it cannot, and sends one statement for each row.
Only servers are judged: SQLite has no round trip to save. With a page size of one row the application asked for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from query_guard.detectors.remedies.writes import table_of
from query_guard.records import Facts, Statement

_HAS_SENTINEL = " AS imp_sen"
"""SQLAlchemy's name for the column by which it matches returned rows."""


def inserted_singly(facts: Facts, least: int) -> Iterator[list[Statement]]:
    """Yield executions of one text at one line, each of which inserted `least` rows or more one at a time."""
    for rows in facts.by_shape_and_site.values():
        if single := [row for row in rows if row.batches >= least and _is_single(row)]:
            yield single


def _is_single(row: Statement) -> bool:
    return 1 < row.batches == row.binds and row.engine.is_server and _HAS_SENTINEL not in row.sql


def made_in_python(rows: list[Statement]) -> str:
    """Return the fix: if the keys are known before the INSERT, no returned row has to be matched."""
    return (
        f"Let Python make the key of {table_of(rows[0])}, as mapped_column(primary_key=True, default=uuid.uuid4) does, "
        "or add a column insert_sentinel() to it: without, nothing tells whose the keys are that the server returns"
    )
