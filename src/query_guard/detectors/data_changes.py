"""What may have changed the result of a SELECT between two runs: surely unchanged, surely asked anew, or not known.

A commit, and a write to a table that it reads, may change the result of any SELECT. A write to another table may
change it through a trigger, a cascade or a view, which no statement shows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from query_guard.detectors.acts import acts
from query_guard.detectors.polls import looks_again
from query_guard.records import POPULATES, Facts, Statement


class DataChanges:
    """When the data may have changed: commits by time, writes by table and order."""

    def __init__(self, facts: Facts) -> None:
        ends = [t.end for t in facts.transactions if t.end is not None and t.outcome == "committed"]
        self._facts = facts
        self._commits = sorted(ends)
        self._anywhere: list[int] = []
        self._by_table: dict[str, list[int]] = {}
        self._writes = [row.serial for row in facts.statements if row.writes]
        self._deletes = [row.serial for row in facts.statements if row.writes and row.operation == "DELETE"]
        for row in facts.statements:
            if acts(row) or (row.operation != "SELECT" and not row.writes):
                self._anywhere.append(row.serial)
            for table in row.writes:
                self._by_table.setdefault(table, []).append(row.serial)

    def between(self, first: Statement, second: Statement) -> bool:
        """Whether the second has to ask again."""
        if looks_again(first, second) or self._is_retry(first, second):
            return True
        commits = self._commits
        if bisect_right(commits, second.start) > bisect_right(commits, first.start):
            return True
        writes = [self._anywhere, *(self._by_table.get(table, []) for table in first.tables)]
        return any(_are_between(serials, first, second) for serials in writes)

    def may_reach(self, rows: Sequence[Statement]) -> bool:
        """Whether writes to other tables may have changed what some equal reads read, between the first and the last.

        A select of mapped objects is changed by what deletes rows elsewhere. What reads columns, or reads an object
        again, is also changed by a trigger, or by any write if it reads a view.
        """
        serials = self._deletes if all(map(_selects_objects, rows)) else self._writes
        return _are_between(serials, rows[0], rows[-1])

    def _is_retry(self, first: Statement, second: Statement) -> bool:
        """Whether the transaction of the first failed: what it has read must be read again."""
        return first.transaction != second.transaction and first.transaction in self._facts.failed_transactions


def _are_between(serials: Sequence[int], first: Statement, second: Statement) -> bool:
    return bisect_right(serials, second.serial) > bisect_right(serials, first.serial)


def _selects_objects(row: Statement) -> bool:
    """Whether a SELECT brings mapped objects, and leaves those alone that the session has already."""
    loader = row.loader
    if loader is None:
        return bool(row.info.entities) and POPULATES not in row.info.clauses.further
    return bool(loader.path) and loader.kind != "refresh"
