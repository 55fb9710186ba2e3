"""One statement for all values in place of one for each: as code if it has the same result, or else in words."""

from __future__ import annotations

from collections.abc import Sequence

from query_guard.detectors.binds import OFFSET, changed_places, places_of_values
from query_guard.detectors.remedies.remedy import Remedy, at, listed
from query_guard.records import CRITERIA, POPULATES, Clauses, Facts, Loader, Statement

_KEPT = frozenset(
    (
        "JOIN",
        "DISTINCT",
        "HAVING",
        "options",
        CRITERIA,
        POPULATES,
        "FOR UPDATE OF",
        "such columns",
        "GROUP BY",
        "ORDER BY",
        "a prefix",
    )
)
"""The clauses that a statement keeps when it selects by all values."""


def batched_select(rows: Sequence[Statement], facts: Facts) -> Remedy:
    """Return the remedy for a loop of selects that differ in the values they filter by."""
    row = _without_idle_limit(rows[0])
    target, clauses = row.info, row.info.clauses
    filters = filters_of(row)
    if "LIMIT" in clauses.further or "OFFSET" in clauses.further or (" LIMIT " in row.sql and not target.unique):
        return _one_list(row) if _only_offset_changes(rows) else _first_of_each(row, filters)
    if not filters or "text" in clauses.further:
        return Remedy("", "Collect the values before the loop and send one statement for all of them")
    code = _code(target.entity, clauses, filters) if _is_plain(row, facts) else ""
    if not code:
        return _same_with_in(row, filters)
    if clauses.aggregates or clauses.group_by:
        advice = f"Ask for all of them at once, a row for each group (a parent without rows has none): {code}"
    elif clauses.columns:
        advice = f"Collect the values before the loop and fetch the columns once, with the key to tell them by: {code}"
    else:
        advice = f"Collect the values before the loop and fetch {target.entity} once: {code}"
    return Remedy(code, advice).once_for(rows)


def _without_idle_limit(row: Statement) -> Statement:
    """Return a select by a unique key without its LIMIT, as `first()` sends one: there is one row at most."""
    further = row.info.clauses.further
    if not row.info.unique or "JOIN" in further:
        return row
    clauses = row.info.clauses._replace(further=tuple(clause for clause in further if clause != "LIMIT"))
    return row._replace(info=row.info._replace(clauses=clauses))


def filters_of(row: Statement) -> tuple[str, ...]:
    """Return the attributes that a statement filters by, as code."""
    target = row.info
    if target.clauses.got:
        return tuple(f"{target.entity}.{key}" for key in target.keys)
    return target.clauses.where


def in_values(filters: Sequence[str]) -> str:
    """Return `Post.id.in_(values)`, or the same with a tuple of columns."""
    return f"{filters[0]}.in_(values)" if len(filters) == 1 else f"tuple_({', '.join(filters)}).in_(values)"


def all_by_key(loader: Loader, options: str = "", suffix: str = "") -> str:
    """Return the code of a select of all objects that a loader loaded for, by their keys; "" without known keys."""
    if not loader.keys or not loader.parents:
        return ""
    model = loader.parents[0]
    filters = in_values([f"{model}.{key}" for key in loader.keys])
    return f"select({model}).where({filters}){f'.options({options})' if options else ''}{suffix}"


def _is_plain(row: Statement, facts: Facts) -> bool:
    """Whether all clauses of a select can be written as code, or are added by the session."""
    target, others = row.info, row.info.clauses.further
    if target.aliased or len(target.entities) > 1 or (others and not (others == (CRITERIA,) and _adds(row, facts))):
        return False
    return bool(target.entities) != bool(target.clauses.columns)


def _adds(row: Statement, facts: Facts) -> bool:
    """Whether the session adds the criteria: other selects have them, too, or it is a get, which takes none."""
    return row.info.clauses.got or any(
        CRITERIA in other.info.clauses.further and other.fingerprint != row.fingerprint for other in facts.statements
    )


def _code(entity: str | None, clauses: Clauses, filters: Sequence[str]) -> str:
    selected = entity or ""
    groups = clauses.group_by
    if clauses.columns:
        selected = ", ".join(dict.fromkeys((*filters, *clauses.columns)))
        groups = tuple(dict.fromkeys((*filters, *groups))) if clauses.aggregates or groups else ()
    if clauses.aggregates and (clauses.order_by or clauses.lock):
        return ""
    if not clauses.columns and groups:
        return ""
    order = clauses.order_by or (tuple(filters) if clauses.lock else ())
    return "".join(
        (
            f"select({selected}).where({in_values(filters)})",
            f".group_by({', '.join(groups)})" if groups else "",
            f".order_by({', '.join(order)})" if order else "",
            clauses.lock,
        )
    )


def _same_with_in(row: Statement, filters: Sequence[str]) -> Remedy:
    """Say in words that only the filter of the statement changes."""
    kept_clauses = [clause for clause in row.info.clauses.further if clause in _KEPT]
    keeps = f", and keep its {listed(kept_clauses)}" if kept_clauses else ""
    return Remedy(
        "",
        f"Collect the values before the loop and send the statement{at(row)} once, with "
        f"{in_values(filters)} in the place of {_equals(filters)}{keeps}",
    )


def _equals(filters: Sequence[str]) -> str:
    return " and ".join(f"{name} == ..." for name in filters)


def _only_offset_changes(rows: Sequence[Statement]) -> bool:
    """Whether all executions read parts of one list."""
    places = places_of_values(rows)
    return places is not None and {places[number][1] for number in changed_places(rows)} == {OFFSET}


def _one_list(row: Statement) -> Remedy:
    return Remedy(
        "", f"Only the OFFSET changes: read that list once, with one select{at(row)}, and take the rows from it"
    )


def _first_of_each(row: Statement, filters: Sequence[str]) -> Remedy:
    partition = f" partitioned by {', '.join(filters)}" if filters else ""
    return Remedy(
        "",
        "One statement with LIMIT would return the first few of all, and not of each: number the rows with "
        f"func.row_number().over(...){partition}, and take the first of each in one statement",
    )
