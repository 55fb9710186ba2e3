"""Loader options as code: each step in the strategy that is there, or in the one that costs least."""

from __future__ import annotations

from collections.abc import Sequence

from query_guard.records import Entity, LoadPath, Option, Statement, Step

_NO_JOINS = frozenset(("text", "GROUP BY", "DISTINCT", "HAVING", "such columns"))
"""What a select may hold that forbids to join more to it."""
AHEAD = frozenset(("selectinload", "joinedload", "subqueryload", "immediateload", "contains_eager"))


def loaders_of(way: LoadPath) -> list[str]:
    """Return the function of each step of a way: that of the query where it loads ahead, or that which it should."""
    return [_loader(way, place) for place in range(len(way.steps))]


def _loader(way: LoadPath, place: int) -> str:
    step, root = way.steps[place], way.root
    if not way.lazy[place]:
        names = tuple(one.name for one in way.steps[: place + 1])
        return option_for(root, names, AHEAD) or "defaultload"
    if step.collection or (root is not None and not any(_apart(way, place)) and not may_join(root)):
        return "selectinload"
    return "joinedload"


def _apart(way: LoadPath, place: int) -> list[bool]:
    """Return for each step before one whether it has a select of its own, to which joins may be added."""
    return [way.lazy[before] and way.steps[before].collection for before in range(place)]


def may_join(root: Statement) -> bool:
    """Whether a join may be added to a select: FOR UPDATE, GROUP BY, DISTINCT and a given text forbid it."""
    clauses = root.info.clauses
    return not (clauses.lock or clauses.group_by or _NO_JOINS.intersection(clauses.further))


def option_for(root: Statement | None, names: Sequence[str], functions: frozenset[str]) -> str:
    """Return the function among some by which a statement has an option for a path already; "" where it has none."""
    options: Sequence[Option] = root.info.options if root is not None else ()
    return next((one.function for one in options if one.path == tuple(names) and one.function in functions), "")


def written_steps(steps: Sequence[Step], entity: Entity | None) -> list[str] | None:
    """Return the attribute of each step as an option names it; None where no option can name one.

    The first is named by what the statement selects, since an option of another class or alias does not apply, and
    the others by what the step before leads to.
    """
    names: list[str] = []
    name = ("alias" if entity.aliased else entity.name) if entity is not None else ""
    lineage = entity.lineage if entity is not None else ()
    for step in steps:
        if step.owner in lineage:
            names.append(f"{name}.{step.attribute}")
        elif not names and (entity is None or (subclass_of(step, entity) and not entity.aliased)):
            names.append(step.name)
        else:
            return None
        name, lineage = step.target, step.targets
    return names


def subclass_of(step: Step, entity: Entity | None) -> tuple[str, str] | None:
    """Return base and subclass where a step is of a subclass of what is selected."""
    if entity is None or step.owner in entity.lineage or entity.name not in step.owners:
        return None
    return (entity.name, step.owner)
