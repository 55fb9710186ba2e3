"""Loader options as code: each step with the strategy that it has already, or with the cheapest one."""

from __future__ import annotations

from collections.abc import Sequence

from query_guard.records import Entity, LoadPath, Option, Statement, Step

_NO_JOINS = frozenset(("text", "GROUP BY", "DISTINCT", "HAVING", "such columns"))
"""The clauses of a select that forbid to join more to it."""
AHEAD = frozenset(("selectinload", "joinedload", "subqueryload", "immediateload", "contains_eager"))


def loaders_of(path: LoadPath) -> list[str]:
    """Return the function of each step of a path: the query's own if it loads the step ahead, or a proposed one."""
    return [_loader(path, index) for index in range(len(path.steps))]


def _loader(path: LoadPath, index: int) -> str:
    step, root = path.steps[index], path.root
    if not path.lazy[index]:
        names = tuple(earlier.name for earlier in path.steps[: index + 1])
        return option_for(root, names, AHEAD) or "defaultload"
    if step.collection or (root is not None and not any(_have_own_select(path, index)) and not may_join(root)):
        return "selectinload"
    return "joinedload"


def _have_own_select(path: LoadPath, index: int) -> list[bool]:
    """Return for each step before `index` whether it has a select of its own, to which joins may be added."""
    return [path.lazy[earlier] and path.steps[earlier].collection for earlier in range(index)]


def may_join(root: Statement) -> bool:
    """Whether a join may be added to a select: FOR UPDATE, GROUP BY, DISTINCT and a given text forbid it."""
    clauses = root.info.clauses
    return not (clauses.lock or clauses.group_by or _NO_JOINS.intersection(clauses.further))


def option_for(root: Statement | None, names: Sequence[str], functions: frozenset[str]) -> str:
    """Return the first of `functions` by which a statement already has an option for a path; "" if it has none."""
    options: Sequence[Option] = root.info.options if root is not None else ()
    return next(
        (option.function for option in options if option.path == tuple(names) and option.function in functions), ""
    )


def written_steps(steps: Sequence[Step], entity: Entity | None) -> list[str] | None:
    """Return the attribute of each step as an option names it; None if no option can name one of them.

    The first is named by the entity or alias that the statement selects, since an option of another one does not apply;
    the others by the class that the step before leads to.
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
    """Return base and subclass if a step is of a subclass of the selected entity."""
    if entity is None or step.owner in entity.lineage or entity.name not in step.owners:
        return None
    return (entity.name, step.owner)
