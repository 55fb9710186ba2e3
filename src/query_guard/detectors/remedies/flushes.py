"""Rows that are written one by one because each turn of a loop flushes, by what called the flush."""

from __future__ import annotations

from collections.abc import Sequence

from query_guard.detectors.remedies.remedy import Remedy
from query_guard.detectors.remedies.writes import table_of
from query_guard.records import Statement

_COMMITS = frozenset(("commit", "__exit__", "__aexit__", "prepare"))
_NESTED = frozenset(("begin_nested",))
_FLUSHES = frozenset(("flush", ""))


def flushed_one_by_one(rows: Sequence[Statement]) -> Remedy:
    """Return the remedy for a loop of flushes: one flush writes all rows at once."""
    row = rows[0]
    call = row.site.call
    if call in _NESTED or (call in _COMMITS and len({row.transaction for row in rows}) < len(rows)):
        return Remedy(
            "",
            f"Each savepoint flushes {_change(row)}: where rows may be refused, ON CONFLICT DO NOTHING in one "
            "statement does the same; where none is, put many rows under one savepoint",
        )
    if call in _COMMITS:
        return Remedy("", f"Each turn of the loop commits {_change(row)}: commit once after the loop")
    if call == "merge":
        return Remedy(
            "",
            f"session.merge() flushes {_change(row)} in each turn: merge within session.no_autoflush, and flush once "
            "after the loop",
        )
    if call not in _FLUSHES:
        return Remedy(
            "",
            f"A SELECT in the loop autoflushes {_change(row)} of the turn before: send it within session.no_autoflush, "
            "or move it out of the loop",
        )
    return _once(row).once_for(rows)


def _once(row: Statement) -> Remedy:
    if row.operation == "INSERT":
        code = "session.add_all(objects)"
        return Remedy(code, f"Insert into {table_of(row)} with one flush after the loop: {code}")
    change = f"Call session.delete() on {table_of(row)}" if row.operation == "DELETE" else f"Change {table_of(row)}"
    return Remedy("session.flush()", f"{change} in the loop and flush once after it: session.flush()")


def _change(row: Statement) -> str:
    return f"the {row.operation} of {table_of(row)}"
