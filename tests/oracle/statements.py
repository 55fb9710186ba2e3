"""Random loops of selects that differ in a value, and the one statement that is offered in their place."""

from __future__ import annotations

import random
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from query_guard import Finding
from tests.oracle.judging import Figures, loops
from tests.oracle.running import NAMES, Run, World

_FILTERS = {
    "Post": ("author_id", "User.id"),
    "Comment": ("post_id", "Post.id"),
    "User": ("company_id", "Company.id"),
    "Membership": ("group_code", "Group.code"),
    "Profile": ("user_id", "User.id"),
    "Group": ("code", "Group.code"),
}
_COLUMNS = {
    "Post": ("id", "title", "views"),
    "Comment": ("id", "post_id"),
    "User": ("id", "name", "visits"),
    "Membership": ("user_id", "group_code"),
    "Profile": ("id", "user_id"),
    "Group": ("code",),
}
_AGGREGATES = ("func.count()", "func.count({0})", "func.sum({0})", "func.max({0})", "func.min({0}), func.count({0})")


def looping_program(seed: int) -> str:
    """Return a program that writes down each value of its loop with the rows that came for it."""
    chance = random.Random(seed)
    model = chance.choice(list(_FILTERS))
    name, source = _FILTERS[model]
    columns = [
        f"{model}.{column}" for column in chance.sample(_COLUMNS[model], chance.randint(1, len(_COLUMNS[model])))
    ]
    what, end = model, chance.choice(["", "", f".order_by({columns[0]})", f".order_by({columns[0]}.desc())"])
    kind = chance.choice(["entity", "entity", "columns", "aggregate", "grouped", "lock", "other"])
    if kind == "columns":
        what = ", ".join(columns)
    elif kind == "aggregate":
        what, end = chance.choice(_AGGREGATES).format(columns[0]), f".select_from({model})"
    elif kind == "grouped":
        what, end = f"{columns[0]}, func.count()", f".group_by({columns[0]})"
    elif kind == "lock":
        end = f"{end}.with_for_update()"
    elif kind == "other":
        end = chance.choice([".limit(1)", ".distinct()", f".where({columns[0]}.is_not(None))", ".offset(1)"])
    select = f"select({what}).where({model}.{name} == value){end}"
    return "\n".join(
        (
            "def work(session, out):",
            f"    for value in session.scalars(select({source})).all():",
            f"        out.append((value, [tuple(row) for row in session.execute({select}).all()]))",
            "",
        )
    )


def judge_statement(world: World, source: str, figures: Figures) -> None:
    """Hold the statement that is offered to the rows of the loop."""
    before = world.run(source)
    for finding in loops(before):
        figures.findings += 1
        if not finding.remedy:
            continue
        figures.offered += 1
        figures.promised += finding.saved_statements > 0
        fault = _fault(world, source, before, finding)
        if fault:
            figures.broken.append(f"{fault}\n  {finding.fix}\n{source}")


def _fault(world: World, source: str, before: Run, finding: Finding) -> str:
    values = [value for value, _ in before.out]
    with Session(world.engine) as session:
        try:
            rows = [tuple(row) for row in session.execute(eval(finding.remedy, {**NAMES, "values": values})).all()]
        except Exception as error:
            return f"{type(error).__name__}: {str(error)[:200]}"
        named = [shown(row) for row in rows]
    if finding.saved_statements != len(values) - 1:
        return f"promised to save {finding.saved_statements} of {len(values)} statements"
    kept = [(value, row) for value, some in before.out for row in some if not _is_empty_group(source, row)]
    of_objects = any(hasattr(part, "__mapper__") for _, row in kept for part in row)
    expected = [_parts(shown(row if of_objects else (value, *row))) for value, row in kept]
    got = [_parts(row) for row in named]
    return "" if sorted(got) == sorted(expected) else f"other rows: {got[:3]}, not {expected[:3]}"


def _parts(row: tuple[Any, ...]) -> list[str]:
    """Return what a row holds: columns may come with the key before them, or with it among them."""
    return sorted({repr(part) for part in row})


def _is_empty_group(source: str, row: tuple[Any, ...]) -> bool:
    """Whether it is the one row of an aggregate over nothing, which a group would not have: a count of 0, else None."""
    if "func." not in source or ".group_by(" in source:
        return False
    nothing = (None, 0) if "func.count(" in source else (None,)
    return all(value in nothing for value in row)


def shown(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Write objects by their class and key, so that those of two sessions compare."""
    return tuple(
        (type(value).__name__, inspect(value).identity) if hasattr(value, "__mapper__") else value for value in row
    )
