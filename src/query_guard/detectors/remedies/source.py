"""Which select a loop walks through, where its objects were first loaded by more than one."""

from __future__ import annotations

from collections.abc import Sequence

from query_guard.records import Facts, LoadPath, Statement


def walked_through(ways: list[LoadPath], before: int, facts: Facts) -> list[LoadPath]:
    """Return the way from the select that the loop walks through, or all ways where that is not known.

    Some of its objects may have been in the session before: the current user, or another list. An option loads for all
    that its select returns, whoever loaded them first. A loop has many objects, so a select that returned one is not
    walked through. And of two lists, the earlier cannot hold what the later was the first to load.
    """
    if len(ways) == 1:
        return ways
    many = [way for way in ways if way.root is not None and way.how == "selected" and way.root.brought not in (0, 1)]
    if len(many) == 1 and all(len(way.steps) == 1 for way in ways if way not in many):
        return many
    if not many or len({way.steps for way in ways}) > 1:
        return ways
    last = max(many, key=_serial)
    turns = _turns(ways, facts)
    is_whole = last.root is not None and last.root.brought is not None and last.root.brought >= turns
    return [last] if is_whole and not _follows(last, before, facts) else ways


def turns_of_others(way: LoadPath, rows: Sequence[Statement]) -> Sequence[Statement] | None:
    """Return the loads of a loop, if its select returned all their objects, whoever had loaded them first; else None.

    It did where it returned as many as the loop has turns.
    """
    root = way.root
    if root is None or len(way.steps) > 1 or not way.steps[0].collection:
        return None
    return rows if root.brought == len({row.owner for row in rows}) else None


def _serial(way: LoadPath) -> int:
    return way.root.serial if way.root is not None else 0


def _turns(ways: Sequence[LoadPath], facts: Facts) -> int:
    """Count the objects of all roots whose first relationship was loaded object by object."""
    roots = {_serial(way) for way in ways}
    loads = [load for load in facts.load_paths.loads if load.steps == ways[0].steps[:1] and _serial(load.path) in roots]
    return len({row.owner for load in loads for row in load.rows})


def _follows(way: LoadPath, before: int, facts: Facts) -> bool:
    """Whether another select of the same objects came later, and may be the one that the loop walks through."""
    entity = way.entity
    return entity is not None and any(
        _serial(way) < row.serial < before
        and row.loader is None
        and row.brought not in (0, 1)
        and any(one.name == entity.name for one in row.info.entities)
        for row in facts.statements
    )
