"""The code and the words of fixes: one file for each cause.

A remedy offers code only if the code has the same result and keeps locks and conditions. Otherwise words say how.
"""

from __future__ import annotations

from collections.abc import Sequence

from query_guard.detectors.remedies.batched import batched_select
from query_guard.detectors.remedies.columns import deferred, of_subclass
from query_guard.detectors.remedies.failed_loads import loaded_before
from query_guard.detectors.remedies.flushes import flushed_one_by_one
from query_guard.detectors.remedies.listeners import is_of_listener, sent_by_listener
from query_guard.detectors.remedies.merges import merged_one_by_one
from query_guard.detectors.remedies.read_again import expired, generated, refreshed, was_flushed
from query_guard.detectors.remedies.relationships import loaded_one_by_one, named_in_refresh
from query_guard.detectors.remedies.remedy import Remedy
from query_guard.detectors.remedies.walked import walked_by_hand
from query_guard.detectors.remedies.writes import WRITES, written_one_by_one
from query_guard.records import Facts, Loader, Statement

__all__ = ["Remedy", "loaded_before", "remedy_for"]


def remedy_for(rows: Sequence[Statement], facts: Facts) -> Remedy:
    """Return the remedy for a loop of statements, all of one shape and from one line."""
    row = rows[0]
    if row.loader is not None:
        return _loading_remedy(rows, row.loader, facts)
    if row.operation in WRITES:
        if is_of_listener(row, facts):
            return sent_by_listener(rows)
        return flushed_one_by_one(rows) if row.flush else written_one_by_one(rows)
    if row.info.clauses.got and row.site.call == "merge":
        return merged_one_by_one(rows)
    return walked_by_hand(rows, facts) or batched_select(rows, facts)


def _loading_remedy(rows: Sequence[Statement], loader: Loader, facts: Facts) -> Remedy:
    if loader.path:
        return loaded_one_by_one(rows, loader, facts)
    paths = list({id(row.loader) ^ (row.loaded_by or 0): facts.load_paths.of(row) for row in rows}.values())
    if loader.kind == "column":
        return deferred(loader, paths, facts)
    if loader.kind == "refresh":
        return _refreshed(rows, loader, facts)
    if loader.kind in ("generated", "computed") and was_flushed(rows[0], facts):
        return generated(rows, loader)
    remedy = of_subclass(loader, paths, facts) if loader.kind == "subclass" else None
    return remedy or expired(rows, loader, facts)


def _refreshed(rows: Sequence[Statement], loader: Loader, facts: Facts) -> Remedy:
    """Return the remedy for a refresh of relationships, which are then loaded at the same line, or of objects."""
    for load in facts.load_paths.loads if loader.attribute else ():
        first = load.rows[0]
        if first.loader is not None and first.site.key == rows[0].site.key and first.site.call == rows[0].site.call:
            path = facts.load_paths.of(first).on(first.loader.steps[-1:], lazy=True)
            return named_in_refresh(load.rows, first.loader, path, facts)
    return refreshed(rows, loader)
