"""A tree that is loaded node by node: one option loads all its levels."""

from __future__ import annotations

from collections.abc import Sequence

from query_guard.detectors.remedies.loader_option import Loading, added_to_select
from query_guard.detectors.remedies.options import loaders_of, written_steps
from query_guard.detectors.remedies.promise import NOTHING, Promise, roots_like
from query_guard.detectors.remedies.remedy import Remedy, place_of
from query_guard.records import Facts, Load, LoaderOption, LoadPath, Statement, Step, chain_of


def walked_tree(paths: Sequence[LoadPath], facts: Facts) -> Remedy | None:
    """Return the remedy if the load paths repeat one relationship, as in a tree; else None."""
    if not any(_repeats(path) for path in paths) or len({path.steps for path in paths}) == 1:
        return None
    shortest = {(_place(path), path.how, _folded(path.steps)): path for path in sorted(paths, key=_depth, reverse=True)}
    path = next(iter(shortest.values()))
    steps = _folded(path.steps)
    name = steps[-1].name
    if len(shortest) > 1 or not _is_own(steps[-1]) or path.root is None or place_of(path.root) is None:
        return _in_words(name)
    entity = LoadPath(path.root, path.how, steps, path.lazy[: len(steps)]).entity
    names = written_steps(steps, entity)
    if names is None or entity is None:
        return _in_words(name)
    head = path._replace(steps=steps[:-1], lazy=path.lazy[: len(steps) - 1])
    *before, last = chain_of([*loaders_of(head), "selectinload"], names)
    option = LoaderOption(entity, (*before, last._replace(recursive=True)))
    promise = _promise(path, steps, facts) if not head.steps else NOTHING
    whole = path._replace(steps=steps, lazy=path.lazy[: len(steps)])
    remedy = added_to_select(Loading(option, whole, loaders_of(whole)), facts)
    return remedy._replace(
        advice=f"{remedy.advice}: it goes down the whole tree, one select a level (of a tree that is much larger "
        "than what is read of it, select what is needed with a recursive CTE)",
        avoided=promise.avoided,
        sent=promise.sent,
    )


def _in_words(name: str) -> Remedy:
    return Remedy(
        "", f"Fetch the whole tree before it is walked, with one recursive CTE over {name}, and walk in memory"
    )


def _place(path: LoadPath) -> object:
    return place_of(path.root) or path.root


def _depth(path: LoadPath) -> int:
    return len(path.steps)


def _repeats(path: LoadPath) -> bool:
    return path.cut or any(
        step.name == following.name for step, following in zip(path.steps, path.steps[1:], strict=False)
    )


def _folded(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return each run of one relationship as one step."""
    return tuple(
        step
        for step, previous in zip(steps, (None, *steps), strict=False)
        if previous is None or step.name != previous.name
    )


def _is_own(step: Step) -> bool:
    return step.owner in step.targets or step.target in step.owners


def _promise(path: LoadPath, steps: tuple[Step, ...], facts: Facts) -> Promise:
    """Return what the option saves: one select for each level, if the whole tree was loaded down to its leaves."""
    avoided: list[Statement] = []
    sent = 0
    for root in roots_like(path.root, facts):
        loads = [load for load in facts.load_paths.loads if load.path.root is root and _folded(load.steps) == steps]
        levels = _levels(loads, root.brought)
        if levels is None or not steps[-1].collection:
            return NOTHING
        sent += levels
        avoided += [row for load in loads for row in load.rows]
    return Promise(tuple(avoided), sent)


def _levels(loads: Sequence[Load], nodes: int | None) -> int | None:
    """Return how many levels were loaded, each completely and the last one empty; None if that is not known."""
    level = 0
    while nodes:
        level += 1
        rows = [row for load in loads if len(load.steps) == level for row in load.rows]
        counts = [row.brought for row in rows]
        if len(rows) != nodes or None in counts or any(load.path.cut for load in loads):
            return None
        nodes = sum(count or 0 for count in counts)
    return level if nodes == 0 else None
