"""How many statements an option on a select will save, counted from the recorded ones; none if that is not known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from query_guard.detectors.remedies.remedy import place_of
from query_guard.records import Facts, Load, LoadPath, Statement

_CHUNK = 500
"""For how many parents SQLAlchemy loads a relationship with one select."""


class Promise(NamedTuple):
    """The statements that would be avoided, and how many would be sent instead; empty if that is not known."""

    avoided: tuple[Statement, ...] = ()
    sent: int = 0


NOTHING = Promise()


def promise_of(path: LoadPath, loaders: Sequence[str], facts: Facts, other_loads: Sequence[Statement] = ()) -> Promise:
    """Return what loading a path ahead saves; `loaders` are the functions of its steps.

    Each execution of the edited select then loads ahead, also one whose objects are in no loop. `other_loads` are loads
    for objects that it returned, although another statement had loaded them first.
    """
    avoided: list[Statement] = []
    sent = 0
    paths: set[tuple[str, ...]] = set()
    for root in roots_like(path.root, facts):
        loads = loads_along(path, root, facts)
        needed = _selects(root, path, loaders, loads)
        if needed is None:
            return NOTHING
        rows = [row for load in loads if path.lazy[len(load.steps) - 1] for row in load.rows]
        loaded_ahead = _loaded_with(rows, facts)
        paths = {row.loader.path for row in loaded_ahead if row.loader is not None}
        avoided += rows + loaded_ahead
        sent += needed + len(paths)
    serials = {row.serial for row in avoided}
    further_loads = [row for row in other_loads if row.serial not in serials]
    loaded_ahead = _loaded_with(further_loads, facts) if further_loads else []
    avoided += further_loads + loaded_ahead
    sent += len({row.loader.path for row in loaded_ahead if row.loader is not None} - paths)
    return NOTHING if _are_shared(path, avoided, facts) else Promise(tuple(avoided), sent)


def roots_like(root: Statement | None, facts: Facts) -> list[Statement]:
    """Return the executions of the select at the same line."""
    if root is None:
        return []
    return [
        row
        for row in facts.statements
        if row.loader is None and row.info.entity == root.info.entity and place_of(row) == place_of(root)
    ]


def loads_along(path: LoadPath, root: Statement, facts: Facts) -> list[Load]:
    """Return the loads of a path's relationships, for objects that this root loaded."""
    names = tuple(step.name for step in path.steps)
    return [
        load
        for load in facts.load_paths.loads
        if load.path.root is root
        and not load.path.cut
        and tuple(step.name for step in load.steps) == names[: len(load.steps)]
    ]


def _selects(root: Statement, path: LoadPath, loaders: Sequence[str], loads: Sequence[Load]) -> int | None:
    """Count the selects that load ahead for one execution of the root; None if that was not recorded."""
    sent, parents = 0, root.brought
    for index, loader in enumerate(loaders):
        rows = [row for load in loads if len(load.steps) == index + 1 for row in load.rows]
        owners = len({row.owner for row in rows})
        if path.lazy[index] and loader != "joinedload":
            if not rows and (parents is None or (parents and not path.steps[index].collection)):
                return None
            sent += -(-max(parents or 0, owners) // _CHUNK)
        parents = _brought(rows, owners == parents) if path.lazy[index] and rows else (parents and None)
    return sent


def _are_shared(path: LoadPath, avoided: Sequence[Statement], facts: Facts) -> bool:
    """Whether other statements fetch the same objects by key or relationship, and so might not be sent any more."""
    classes = {name for step in path.steps for name in (step.target, *step.targets)}
    names = {step.name for step in path.steps}
    serials = {row.serial for row in avoided}
    for load in facts.load_paths.loads:
        last = load.steps[-1]
        may_find = last.name in names or (not last.collection and last.target in classes)
        if may_find and any(row.serial not in serials for row in load.rows):
            return True
    return any(row.loader is None and row.info.clauses.got and row.info.entity in classes for row in facts.statements)


def _brought(rows: Sequence[Statement], complete: bool) -> int | None:
    """Return how many objects the loads returned, if they are `complete`: one for each parent."""
    counts = [row.brought for row in rows]
    return sum(count or 0 for count in counts) if complete and None not in counts else None


def _loaded_with(rows: Sequence[Statement], facts: Facts) -> list[Statement]:
    """Return what the mappings loaded ahead for the objects of some statements: with an option it is loaded once."""
    serials = {row.serial for row in rows}
    return [row for row in facts.load_paths.ahead if _is_below(row, serials, facts)]


def _is_below(row: Statement, serials: set[int], facts: Facts) -> bool:
    source = facts.load_paths.source_of(row)
    return source is not None and source.serial in serials
