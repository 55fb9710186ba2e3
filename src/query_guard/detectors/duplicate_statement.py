"""The same SELECT sent again while its result cannot have changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from query_guard.detectors.acts import has_effect, may_act, reads_catalogue
from query_guard.detectors.data_changes import DataChanges
from query_guard.detectors.polls import may_poll
from query_guard.detectors.thresholds import Thresholds
from query_guard.records import Facts, Finding, Statement, Triggers, distinct_sites, grouped, usual_duration

KIND = "duplicate_statement"

_UNREPEATABLE = (
    r"(?i)\bFOR (?:NO KEY )?(?:UPDATE|SHARE)\b|\bFOR KEY SHARE\b|\bCURRENT_|\bLOCALTIME|"
    r"\b(?:now|nextval|currval|random|rand|uuid|uuid4|newid|gen_random_uuid|clock_timestamp|statement_timestamp|"
    r"pg_sleep|last_insert_rowid|last_insert_id|changes)\s*\("
)


_LOOP = 3
"""How many different sets of values make repetitions a loop, which is an n_plus_one."""


@dataclass(eq=False)
class DuplicateStatement(Thresholds):
    """Find a SELECT that ran again with the same values on the same engine.

    Two runs are duplicates if no statement between them wrote to a table they read or changed a setting, and no
    transaction was committed, or failed, between them. A poll is no duplicate. Neither is a SELECT that locks, acts (an
    advisory lock, a setting, a notification), draws from a sequence, reads the clock or reads the database's catalogue.
    Repetitions within a loop over other values belong to that loop. Loads of relationships belong to the query that
    loaded their objects. An info at two runs, where it may be a poll whose wait is not seen, where a write to another
    table may have changed what is read (`DataChanges`), and where a function without a table may act; else a warning
    from `loud` runs on.
    """

    loud: int = 3

    @property
    def triggers(self) -> Triggers:
        return {"repeated": 1}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        rows = list(_outside_loops(facts))
        if len(rows) < 2:
            return
        changes = DataChanges(facts)
        askers = {row.serial: _asker(row, facts) for row in rows}
        queries = [row for row in rows if askers[row.serial] is row]
        found = list(_duplicates(queries, changes))
        of_found = {row.serial for duplicates in found for row in duplicates}
        loads = [row for row in rows if askers[row.serial] is not row]
        for duplicates in found:
            serials = {row.serial for row in duplicates}
            of_them = [row for row in loads if askers[row.serial].serial in serials]
            yield self._finding(duplicates, of_them, askers, changes)
        for duplicates in _duplicates([row for row in loads if askers[row.serial].serial not in of_found], changes):
            yield self._finding(duplicates, [], askers, changes)

    def _finding(
        self, rows: list[Statement], loads: list[Statement], askers: dict[int, Statement], changes: DataChanges
    ) -> Finding:
        """Return a finding; `loads` are the loads of its relationships, and `askers` has the query of each load."""
        first = rows[0]
        sites = distinct_sites(rows)
        lines = len({site.innermost for site in sites})
        places = f"{lines} lines" if lines > 1 else "one line"
        doubt = _doubt(rows, changes)
        repeated_loads = [row for row in loads if askers[row.serial].serial != first.serial]
        return Finding(
            kind=KIND,
            severity="warning" if len(rows) >= self.loud and not doubt and not may_poll(rows) else "info",
            summary=f"The same SELECT with the same values ran {len(rows)} times, from {places}: {first.sql}",
            fix=_fix(rows, len(sites)) + doubt,
            details=_brought(loads),
            site=rows[-1].site,
            callers=sites[:5],
            count=len(rows),
            relationship=first.relationship,
            saved_statements=len(rows) - 1 + len(repeated_loads),
            saving=(len(rows) - 1) * usual_duration(rows) + sum(row.duration for row in repeated_loads),
            phase=first.phase,
            statements=tuple(sorted(row.serial for row in (*rows, *loads))),
            request=first.request,
            too_many=True,
        )


def _duplicates(rows: list[Statement], changes: DataChanges) -> Iterator[list[Statement]]:
    for equal_rows in grouped(rows, lambda row: (row.fingerprint, row.value_key, row.engine.serial)).values():
        if len(equal_rows) > 1 and not _asks_anew(equal_rows[0]):
            yield from [run for run in _runs(sorted(equal_rows), changes) if len(run) > 1]


def _asks_anew(row: Statement) -> bool:
    return re.search(_UNREPEATABLE, row.sql) is not None or has_effect(row) or reads_catalogue(row)


def _asker(row: Statement, facts: Facts) -> Statement:
    """Return the query that loaded the objects of a relationship's load; for any other statement, itself."""
    while row.loader is not None and row.loader.path and row.loader.kind != "refresh":
        source = facts.load_paths.source_of(row)
        if source is None or source.serial >= row.serial:
            return row
        row = source
    return row


def _brought(loads: list[Statement]) -> tuple[str, ...]:
    names = ", ".join(sorted({row.relationship for row in loads if row.relationship}))
    return (f"with {len(loads)} statements for what was loaded with it: {names}",) if loads else ()


def _fix(rows: list[Statement], sites: int) -> str:
    loader = rows[-1].loader
    if loader is None or loader.kind == "eager":
        if sites == 1 and len({row.task for row in rows}) == 1:
            return "Send it once, before what repeats this line, and keep the result"
        return "Keep the first result and pass it on; in FastAPI, a dependency runs once per request"
    if loader.kind == "refresh":
        return "Refresh it once: nothing was written to it or committed in between"
    if len({row.transaction for row in rows}) > 1:
        return f"Pass the {loader.owner} on, in one session: each session or transaction loads it again"
    return f"Expire or refresh the {loader.owner} only where it may have changed: it was loaded already"


def _doubt(rows: list[Statement], changes: DataChanges) -> str:
    """Return what has to be known before the fix is right, as the end of its sentence; "" if nothing has."""
    if may_act(rows[0]):
        return "; not if the function does something, or returns something else each time"
    if changes.may_reach(rows):
        return "; not if a trigger, a cascade or a view leads from what was written in between to what it reads"
    return ""


def _outside_loops(facts: Facts) -> Iterator[Statement]:
    """Yield the reads that are no part of a loop over different values."""
    for key, rows in facts.by_shape_and_site.items():
        if facts.different_values[key] < _LOOP and rows[0].operation == "SELECT" and not rows[0].writes:
            yield from (row for row in rows if row.error is None)


def _runs(rows: list[Statement], changes: DataChanges) -> Iterator[list[Statement]]:
    """Split repetitions wherever the data may have changed between two of them."""
    run = [rows[0]]
    for row in rows[1:]:
        if changes.between(run[-1], row):
            yield run
            run = []
        run.append(row)
    yield run
