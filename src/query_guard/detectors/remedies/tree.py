"""A tree that is walked node by node: one option that goes down as far as there are nodes."""

from __future__ import annotations

from collections.abc import Sequence

from query_guard.detectors.remedies.options import loaders_of, written_steps
from query_guard.detectors.remedies.promise import NOTHING, Promise, roots_like
from query_guard.detectors.remedies.remedy import Remedy, at, place_of
from query_guard.records import Facts, Load, LoaderOption, LoadPath, PlacedOption, Statement, Step, chain_of


def walked_tree(ways: Sequence[LoadPath], facts: Facts) -> Remedy | None:
    """Return the remedy where ways to the loaded objects lead over one relationship again and again."""
    if not any(_repeats(way) for way in ways) or len({way.steps for way in ways}) == 1:
        return None
    shortest = {(_place(way), way.how, _folded(way.steps)): way for way in sorted(ways, key=_depth, reverse=True)}
    way = next(iter(shortest.values()))
    steps = _folded(way.steps)
    name = steps[-1].name
    if len(shortest) > 1 or not _is_own(steps[-1]) or way.root is None or place_of(way.root) is None:
        return _in_words(name)
    entity = LoadPath(way.root, way.how, steps, way.lazy[: len(steps)]).entity
    names = written_steps(steps, entity)
    if names is None:
        return _in_words(name)
    head = way._replace(steps=steps[:-1], lazy=way.lazy[: len(steps) - 1])
    *before, last = chain_of([*loaders_of(head), "selectinload"], names)
    option = LoaderOption(entity, (*before, last._replace(recursive=True)))
    code = option.code
    promise = _promise(way, steps, facts) if not head.steps else NOTHING
    where = f"Add .options({code}) to the select"
    if way.how == "got":
        where = f"Add options=[{code}] to the session.{way.root.site.call}()"
    return Remedy(
        code,
        f"{where}{at(way.root)}: it goes down the whole tree, one select a level (of a tree that is much larger than "
        "what is read of it, take what is wanted with a recursive CTE)",
        *promise,
        edit=place_of(way.root),
        option=PlacedOption(option, way.root.site.frames[:1]),
    )


def _in_words(name: str) -> Remedy:
    return Remedy(
        "", f"Fetch the whole tree before it is walked, with one recursive CTE over {name}, and walk in memory"
    )


def _place(way: LoadPath) -> object:
    return place_of(way.root) or way.root


def _depth(way: LoadPath) -> int:
    return len(way.steps)


def _repeats(way: LoadPath) -> bool:
    return way.cut or any(one.name == other.name for one, other in zip(way.steps, way.steps[1:], strict=False))


def _folded(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return each run of one relationship as one step."""
    return tuple(
        step for step, before in zip(steps, (None, *steps), strict=False) if before is None or step.name != before.name
    )


def _is_own(step: Step) -> bool:
    return step.owner in step.targets or step.target in step.owners


def _promise(way: LoadPath, steps: tuple[Step, ...], facts: Facts) -> Promise:
    """Count the levels, where the whole tree was walked down to its leaves."""
    mended: list[Statement] = []
    sent = 0
    for root in roots_like(way.root, facts):
        loads = [load for load in facts.load_paths.loads if load.path.root is root and _folded(load.steps) == steps]
        levels = _levels(loads, root.brought)
        if levels is None or not steps[-1].collection:
            return NOTHING
        sent += levels
        mended += [row for load in loads for row in load.rows]
    return Promise(tuple(mended), sent)


def _levels(loads: Sequence[Load], nodes: int | None) -> int | None:
    """Return how many levels were read, each wholly and the last one empty; None where that is not known."""
    level = 0
    while nodes:
        level += 1
        rows = [row for load in loads if len(load.steps) == level for row in load.rows]
        counts = [row.brought for row in rows]
        if len(rows) != nodes or None in counts or any(load.path.cut for load in loads):
            return None
        nodes = sum(count or 0 for count in counts)
    return level if nodes == 0 else None
