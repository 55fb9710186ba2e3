"""One statement for all values, in the place of one for each: code where it asks the same question, else words."""

from __future__ import annotations

from collections.abc import Sequence

from query_guard.detectors.remedies.remedy import Remedy, at, listed
from query_guard.records import CRITERIA, Clauses, Facts, Loader, Statement

_KEPT = frozenset(
    (
        "JOIN",
        "DISTINCT",
        "HAVING",
        "options",
        CRITERIA,
        "FOR UPDATE OF",
        "such columns",
        "GROUP BY",
        "ORDER BY",
        "a prefix",
    )
)
"""What a statement goes on holding when it asks for all values."""


def batched_select(rows: Sequence[Statement], facts: Facts) -> Remedy:
    """Return the remedy for a loop of selects that differ in the values they filter by."""
    row = rows[0]
    target, clauses = row.info, row.info.clauses
    where = filters_of(row)
    if "LIMIT" in clauses.further or "OFFSET" in clauses.further or " LIMIT " in row.sql:
        return _first_of_each(row, where)
    if not where or "text" in clauses.further:
        return Remedy("", "Collect the values before the loop and send one statement for all of them")
    code = _code(target.entity, clauses, where) if _is_plain(row, facts) else ""
    if not code:
        return _same_with_in(row, where)
    if clauses.aggregates or clauses.group_by:
        advice = f"Ask for all of them at once, a row for each group (a parent without rows has none): {code}"
    elif clauses.columns:
        advice = f"Collect the values before the loop and fetch the columns once, with the key to tell them by: {code}"
    else:
        advice = f"Collect the values before the loop and fetch {target.entity} once: {code}"
    return Remedy(code, advice).once_for(rows)


def filters_of(row: Statement) -> tuple[str, ...]:
    """Return the attributes that a statement filters by, as code."""
    target = row.info
    if target.clauses.got:
        return tuple(f"{target.entity}.{key}" for key in target.keys)
    return target.clauses.where


def in_values(where: Sequence[str]) -> str:
    """Write `Post.id.in_(values)`, or the same of a tuple."""
    return f"{where[0]}.in_(values)" if len(where) == 1 else f"tuple_({', '.join(where)}).in_(values)"


def all_by_key(loader: Loader, options: str = "", further: str = "") -> str:
    """Write the select of all objects that a loader loaded for, by their keys; "" where those are not known."""
    if not loader.keys or not loader.parents:
        return ""
    model = loader.parents[0]
    where = in_values([f"{model}.{key}" for key in loader.keys])
    return f"select({model}).where({where}){f'.options({options})' if options else ''}{further}"


def _is_plain(row: Statement, facts: Facts) -> bool:
    """Whether all that a select asks can be written here, or is added to it by the session."""
    target, further = row.info, row.info.clauses.further
    if target.aliased or len(target.entities) > 1 or (further and not (further == (CRITERIA,) and _adds(row, facts))):
        return False
    return bool(target.entities) != bool(target.clauses.columns)


def _adds(row: Statement, facts: Facts) -> bool:
    """Whether the session adds the criteria: it does where other selects hold some, too; a get is given none."""
    return row.info.clauses.got or any(
        CRITERIA in one.info.clauses.further and one.fingerprint != row.fingerprint for one in facts.statements
    )


def _code(entity: str | None, clauses: Clauses, where: Sequence[str]) -> str:
    selected = entity or ""
    groups = clauses.group_by
    if clauses.columns:
        selected = ", ".join(dict.fromkeys((*where, *clauses.columns)))
        groups = tuple(dict.fromkeys((*where, *groups))) if clauses.aggregates or groups else ()
    if clauses.aggregates and (clauses.order_by or clauses.lock):
        return ""
    if not clauses.columns and groups:
        return ""
    order = clauses.order_by or (tuple(where) if clauses.lock else ())
    return "".join(
        (
            f"select({selected}).where({in_values(where)})",
            f".group_by({', '.join(groups)})" if groups else "",
            f".order_by({', '.join(order)})" if order else "",
            clauses.lock,
        )
    )


def _same_with_in(row: Statement, where: Sequence[str]) -> Remedy:
    """Say it in words: the statement stays as it is, but for the filter."""
    kept = [part for part in row.info.clauses.further if part in _KEPT]
    keeps = f", and keep its {listed(kept)}" if kept else ""
    return Remedy(
        "",
        f"Collect the values before the loop and send the statement{at(row)} once, with "
        f"{in_values(where)} in the place of {_equals(where)}{keeps}",
    )


def _equals(where: Sequence[str]) -> str:
    return " and ".join(f"{name} == ..." for name in where)


def _first_of_each(row: Statement, where: Sequence[str]) -> Remedy:
    by = f" partitioned by {', '.join(where)}" if where else ""
    return Remedy(
        "",
        "The first few of each are another question than all of them: number the rows with "
        f"func.row_number().over(...){by}, and take the first of each in one statement",
    )
