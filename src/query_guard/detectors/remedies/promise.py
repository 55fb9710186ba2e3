"""What an option on a select will win: arithmetic on what was seen, and no number where that is not known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from query_guard.detectors.remedies.remedy import place_of
from query_guard.records import Facts, Load, LoadPath, Statement

_CHUNK = 500
"""Parents that SQLAlchemy loads a relationship of with one select."""


class Promise(NamedTuple):
    """The statements that would not be sent, and how many would be in their place; nothing where it is not known."""

    mended: tuple[Statement, ...] = ()
    sent: int = 0


NOTHING = Promise()


def promise_of(way: LoadPath, loaders: Sequence[str], facts: Facts, also: Sequence[Statement] = ()) -> Promise:
    """Return what loading ahead wins: `way` leads to what is loaded, and `loaders` are the functions of its steps.

    All executions of the select to be edited load ahead then, those too whose objects nobody walks through. `also` are
    loads for objects that it returned, too, though another had loaded them first.
    """
    mended: list[Statement] = []
    sent = 0
    paths: set[tuple[str, ...]] = set()
    for root in roots_like(way.root, facts):
        loads = loads_along(way, root, facts)
        needed = _selects(root, way, loaders, loads)
        if needed is None:
            return NOTHING
        rows = [row for load in loads if way.lazy[len(load.steps) - 1] for row in load.rows]
        further = _loaded_with(rows, facts)
        paths = {row.loader.path for row in further if row.loader is not None}
        mended += rows + further
        sent += needed + len(paths)
    known = {row.serial for row in mended}
    others = [row for row in also if row.serial not in known]
    further = _loaded_with(others, facts) if others else []
    mended += others + further
    sent += len({row.loader.path for row in further if row.loader is not None} - paths)
    return NOTHING if _are_shared(way, mended, facts) else Promise(tuple(mended), sent)


def roots_like(root: Statement | None, facts: Facts) -> list[Statement]:
    """Return the executions of the select that stands at the same line."""
    if root is None:
        return []
    return [
        row
        for row in facts.statements
        if row.loader is None and row.info.entity == root.info.entity and place_of(row) == place_of(root)
    ]


def loads_along(way: LoadPath, root: Statement, facts: Facts) -> list[Load]:
    """Return the loads, for objects that came from this root, of the relationships that a way leads over."""
    names = tuple(step.name for step in way.steps)
    return [
        load
        for load in facts.load_paths.loads
        if load.path.root is root
        and not load.path.cut
        and tuple(step.name for step in load.steps) == names[: len(load.steps)]
    ]


def _selects(root: Statement, way: LoadPath, loaders: Sequence[str], loads: Sequence[Load]) -> int | None:
    """Count the selects that load ahead for one execution of the root; None where that depends on what was not seen."""
    sent, parents = 0, root.brought
    for place, loader in enumerate(loaders):
        rows = [row for load in loads if len(load.steps) == place + 1 for row in load.rows]
        owners = len({row.owner for row in rows})
        if way.lazy[place] and loader != "joinedload":
            if not rows and (parents is None or (parents and not way.steps[place].collection)):
                return None
            sent += -(-max(parents or 0, owners) // _CHUNK)
        parents = _brought(rows, owners == parents) if way.lazy[place] and rows else (parents and None)
    return sent


def _are_shared(way: LoadPath, mended: Sequence[Statement], facts: Facts) -> bool:
    """Whether others fetch what would be loaded ahead, by its key or by the same relationship, and may find it then."""
    classes = {name for step in way.steps for name in (step.target, *step.targets)}
    names = {step.name for step in way.steps}
    serials = {row.serial for row in mended}
    for load in facts.load_paths.loads:
        last = load.steps[-1]
        may_find = last.name in names or (not last.collection and last.target in classes)
        if may_find and any(row.serial not in serials for row in load.rows):
            return True
    return any(row.loader is None and row.info.clauses.got and row.info.entity in classes for row in facts.statements)


def _brought(rows: Sequence[Statement], complete: bool) -> int | None:
    """Return how many objects some loads brought, where they were made for each parent."""
    counts = [row.brought for row in rows]
    return sum(count or 0 for count in counts) if complete and None not in counts else None


def _loaded_with(rows: Sequence[Statement], facts: Facts) -> list[Statement]:
    """Return what the mappings loaded ahead for the objects that some statements brought: it then comes once."""
    serials = {row.serial for row in rows}
    return [row for row in facts.load_paths.ahead if _is_below(row, serials, facts)]


def _is_below(row: Statement, serials: set[int], facts: Facts) -> bool:
    source = facts.load_paths.source_of(row)
    while source is not None and source.loader is not None and source.loader.kind == "eager":
        source = facts.load_paths.source_of(source)
    return source is not None and source.serial in serials
