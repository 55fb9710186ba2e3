"""Trees and graphs that are walked: one relationship, reached again by its own objects, is one loop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeAlias

from query_guard.records.groups import grouped
from query_guard.records.load_path import LoadPath
from query_guard.records.load_paths import OBJECT_BY_OBJECT, LoadPaths
from query_guard.records.statements import Statement

Rows: TypeAlias = list[Statement]


def joined_recursions(groups: Iterable[Rows], paths: LoadPaths) -> Iterator[Rows]:
    """Yield groups of statements, those of one walk as one group.

    The levels of a recursion have call sites of their own, as each has other callers. They are one walk if they load
    one relationship, of objects that came from one line, and if that relationship leads to itself.
    """
    for same_relationship in grouped(groups, _relationship).values():
        if len(same_relationship) == 1 or not _is_lazy(same_relationship[0][0]):
            yield from same_relationship
            continue
        for of_root in grouped(same_relationship, lambda rows: _root(rows, paths)).values():
            yield from [sorted(chain.from_iterable(of_root))] if _recurs(of_root, paths) else of_root


def _relationship(rows: Rows) -> tuple[object, ...]:
    row = rows[0]
    if not _is_lazy(row):
        return (id(rows),)
    return (row.fingerprint, row.engine.serial, row.relationship, row.segment)


def _is_lazy(row: Statement) -> bool:
    return row.loader is not None and row.loader.kind in OBJECT_BY_OBJECT and bool(row.loader.path)


def _root(rows: Rows, paths: LoadPaths) -> tuple[object, ...]:
    root = paths.of(rows[0]).root
    return (id(rows),) if root is None else (root.fingerprint, root.site.key)


def _recurs(groups: Sequence[Rows], paths: LoadPaths) -> bool:
    return any(leads_to_itself(paths.of(row), row) for rows in groups for row in rows)


def leads_to_itself(path: LoadPath, row: Statement) -> bool:
    """Whether the object that a statement loaded a relationship for had come over that relationship."""
    return path.cut or any(step.name == row.relationship for step in path.steps)
