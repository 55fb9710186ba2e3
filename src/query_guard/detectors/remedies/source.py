"""Which select a loop iterates over, if several selects have loaded its objects."""

from __future__ import annotations

from collections.abc import Sequence

from query_guard.records import Facts, LoadPath, Statement


def walked_through(paths: list[LoadPath], loop_start: int, facts: Facts) -> list[LoadPath]:
    """Return the path from the select that the loop iterates over, or all paths if that is not known.

    Some of its objects may have been in the session before: the current user, or another list. An option loads for all
    objects that its select returns, even if another select loaded them first. A loop has many objects, so it does not
    iterate over a select that returned one. And of two lists, the earlier cannot contain an object that the later was
    the first to load. `loop_start` is the serial of the loop's first load.
    """
    if len(paths) == 1:
        return paths
    lists = [
        path for path in paths if path.root is not None and path.how == "selected" and path.root.brought not in (0, 1)
    ]
    if len(lists) == 1 and all(len(path.steps) == 1 for path in paths if path not in lists):
        return lists
    if not lists or len({path.steps for path in paths}) > 1:
        return paths
    last = max(lists, key=_serial)
    turns = _turns(paths, facts)
    is_whole = last.root is not None and last.root.brought is not None and last.root.brought >= turns
    return [last] if is_whole and not _follows(last, loop_start, facts) else paths


def turns_of_others(path: LoadPath, rows: Sequence[Statement]) -> Sequence[Statement] | None:
    """Return the loads of a loop if its select returned all its objects, or else None.

    It did if it returned as many objects as the loop has turns; other selects may have loaded some of them first.
    """
    root = path.root
    if root is None or len(path.steps) > 1 or not path.steps[0].collection:
        return None
    return rows if root.brought == len({row.owner for row in rows}) else None


def _serial(path: LoadPath) -> int:
    return path.root.serial if path.root is not None else 0


def _turns(paths: Sequence[LoadPath], facts: Facts) -> int:
    """Count the objects of all roots whose first relationship was loaded object by object."""
    roots = {_serial(path) for path in paths}
    loads = [
        load for load in facts.load_paths.loads if load.steps == paths[0].steps[:1] and _serial(load.path) in roots
    ]
    return len({row.owner for load in loads for row in load.rows})


def _follows(path: LoadPath, loop_start: int, facts: Facts) -> bool:
    """Whether a later select of the same entity may be the one that the loop iterates over."""
    entity = path.entity
    return entity is not None and any(
        _serial(path) < row.serial < loop_start
        and row.loader is None
        and row.brought not in (0, 1)
        and any(candidate.name == entity.name for candidate in row.info.entities)
        for row in facts.statements
    )
