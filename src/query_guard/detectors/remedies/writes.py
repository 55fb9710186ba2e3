"""Rows that are written one by one: the bulk form if it has the same result, or else words on what to keep."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from query_guard.detectors.remedies.batched import in_values
from query_guard.detectors.remedies.remedy import Remedy, listed
from query_guard.records import Statement


def written_one_by_one(rows: Sequence[Statement]) -> Remedy:
    """Return the remedy for a loop of statements that write."""
    return _BY_OPERATION[rows[0].operation](rows[0]).once_for(rows)


def _insert(row: Statement) -> Remedy:
    clauses = row.info.clauses.further
    table = table_of(row)
    if clauses and row.info.entity is not None:
        excluded = ", set_ reading stmt.excluded" if "ON CONFLICT" in clauses else ""
        keep = f"keep the {listed(clauses)}{excluded}"
        return Remedy(
            "", f"Insert into {table} once after the loop: {keep}, and give the same statement the list of rows"
        )
    return _bulk(row, "Insert into", "insert", "rows being dicts")


def _update(row: Statement) -> Remedy:
    target = row.info
    filters, clauses = target.clauses.where, target.clauses.further
    if target.entity is not None and not clauses and target.filters == target.keys:
        return _bulk(row, "Update", "update", "rows being dicts with the primary key")
    return _same_with_in(row, "Update", filters, clauses)


def _delete(row: Statement) -> Remedy:
    target = row.info
    filters, clauses = target.clauses.where, target.clauses.further
    if target.entity is None or clauses or len(filters) != 1:
        return _same_with_in(row, "Delete from", filters, clauses)
    code = f"session.execute(delete({target.entity}).where({in_values(filters)}))"
    return Remedy(code, f"Delete from {table_of(row)} with one statement after the loop: {code}")


def _same_with_in(row: Statement, verb: str, filters: Sequence[str], clauses: Sequence[str]) -> Remedy:
    """Say in words how one statement of the same form can take all rows."""
    if not filters:
        guarded = ", its other conditions with it" if "a condition" in clauses else ""
        return Remedy("", f"{verb} {table_of(row)} once after the loop, with IN and the values of all rows{guarded}")
    keeps = f", and keep {listed(_KEPT.get(clause, f'its {clause}') for clause in clauses)}" if clauses else ""
    condition = "" if row.operation == "DELETE" or "an expression" in clauses else ", where all get the same values"
    return Remedy(
        "",
        f"{verb} {table_of(row)} with one statement after the loop, with {in_values(filters)} in the place of "
        f"{' and '.join(f'{name} == ...' for name in filters)}{keeps}{condition}",
    )


def _bulk(row: Statement, verb: str, function: str, rows: str) -> Remedy:
    model = row.info.entity
    if model is None:
        return Remedy("", f"{verb} {table_of(row)} once after the loop, with a list of parameters")
    code = f"session.execute({function}({model}), rows)"
    return Remedy(code, f"{verb} {table_of(row)} once after the loop, {rows}: {code}")


def table_of(row: Statement) -> str:
    return next(iter(row.writes), "the table")


_BY_OPERATION: dict[str, Callable[[Statement], Remedy]] = {"INSERT": _insert, "UPDATE": _update, "DELETE": _delete}
_KEPT = {"an expression": "the expressions in SET", "a condition": "its other conditions"}
WRITES = frozenset(_BY_OPERATION)
