"""The same question asked twice, when the answer cannot have changed."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from query_guard.detectors.thresholds import Thresholds
from query_guard.records import Facts, Finding, Statement, Triggers, distinct_sites, grouped, usual_duration

KIND = "duplicate_statement"

_UNREPEATABLE = (
    r"(?i)\bFOR (?:NO KEY )?(?:UPDATE|SHARE)\b|\bFOR KEY SHARE\b|\bCURRENT_|\bLOCALTIME|"
    r"\b(?:now|nextval|currval|random|rand|uuid|uuid4|newid|gen_random_uuid|clock_timestamp|statement_timestamp|"
    r"pg_try_advisory\w*|pg_advisory\w*|pg_sleep|last_insert_rowid|last_insert_id|changes)\s*\("
)


_LOOP = 3
"""Different sets of values that make repetitions a loop, which has a detector of its own."""


@dataclass(eq=False)
class DuplicateStatement(Thresholds):
    """Find a SELECT that ran again with the same values on the same engine.

    Two runs are duplicates when no statement between them wrote to a table they read and no transaction was committed
    between them. A SELECT that locks, draws from a sequence or reads the clock is never a duplicate, and repetitions
    within a loop over other values belong to that loop. `info` at two, a warning from `loud`.
    """

    loud: int = 3

    @property
    def triggers(self) -> Triggers:
        return {"repeated": 1}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        groups = grouped(_outside_loops(facts), lambda row: (row.fingerprint, row.value_key, row.engine.serial))
        repeated = [rows for rows in groups.values() if len(rows) > 1 and not re.search(_UNREPEATABLE, rows[0].sql)]
        if not repeated:
            return
        changes = _Changes(facts)
        for rows in repeated:
            for same in _runs(sorted(rows), changes):
                if len(same) > 1:
                    yield self._finding(same)

    def _finding(self, rows: list[Statement]) -> Finding:
        first = rows[0]
        sites = distinct_sites(rows)
        lines = len({site.innermost for site in sites})
        places = f"{lines} lines" if lines > 1 else "one line"
        return Finding(
            kind=KIND,
            severity="warning" if len(rows) >= self.loud else "info",
            summary=f"The same SELECT with the same values ran {len(rows)} times, from {places}: {first.sql}",
            fix="Keep the first result and pass it on; in FastAPI, a dependency runs once per request",
            site=rows[-1].site,
            callers=sites[:5],
            count=len(rows),
            relationship=first.relationship,
            saved_statements=len(rows) - 1,
            saving=(len(rows) - 1) * usual_duration(rows),
            phase=first.phase,
            statements=tuple(row.serial for row in rows),
            request=first.request,
            too_many=True,
        )


def _outside_loops(facts: Facts) -> Iterator[Statement]:
    """Yield the reads that are no part of a loop over different values."""
    for key, rows in facts.by_shape_and_site.items():
        if facts.different_values[key] < _LOOP and rows[0].operation == "SELECT" and not rows[0].writes:
            yield from (row for row in rows if row.error is None)


class _Changes:
    """When the data may have changed: commits by time, writes by table and order."""

    def __init__(self, facts: Facts) -> None:
        ends = [t.end for t in facts.transactions if t.end is not None and t.outcome == "committed"]
        self._commits = sorted(ends)
        self._anywhere: list[int] = []
        self._by_table: dict[str, list[int]] = {}
        for row in facts.statements:
            if row.operation != "SELECT" and not row.writes:
                self._anywhere.append(row.serial)
            for table in row.writes:
                self._by_table.setdefault(table, []).append(row.serial)

    def between(self, first: Statement, second: Statement) -> bool:
        commits = self._commits
        if bisect_right(commits, second.start) > bisect_right(commits, first.start):
            return True
        writes = [self._anywhere, *(self._by_table.get(table, []) for table in first.tables)]
        return any(bisect_right(w, second.serial) > bisect_right(w, first.serial) for w in writes)


def _runs(rows: list[Statement], changes: _Changes) -> Iterator[list[Statement]]:
    """Split repetitions wherever the data may have changed between two of them."""
    run = [rows[0]]
    for row in rows[1:]:
        if changes.between(run[-1], row):
            yield run
            run = []
        run.append(row)
    yield run
