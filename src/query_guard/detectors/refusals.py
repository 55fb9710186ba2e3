"""Rows that are inserted one by one because the database refuses some: what is sent at once is refused as a whole."""

from __future__ import annotations

from collections.abc import Sequence

from query_guard.records import Facts, Statement


def refusal_reason(rows: Sequence[Statement], facts: Facts) -> str | None:
    """Return how each of some rows is kept from the refusal of others, or None if none was refused, or it ended all."""
    refused = refused_like(rows[-1], facts)
    if _goes_on_in_transaction(rows[-1], refused, facts):
        return "each row has a savepoint of its own, as some are refused"
    if len({row.transaction for row in rows}) == len(rows) and goes_on(rows, refused, facts):
        return "each row has a transaction of its own, as some are refused"
    return None


def refused_like(row: Statement, facts: Facts) -> list[Statement]:
    """Return the failed ones of the same INSERT at the same line.

    Under asyncio a refused statement has another call site, since it ends with an exception.
    """
    if row.operation != "INSERT":
        return []
    return [
        each
        for each in facts.statements
        if each.error is not None and each.fingerprint == row.fingerprint and each.site.innermost == row.site.innermost
    ]


def goes_on(rows: Sequence[Statement], refused: Sequence[Statement], facts: Facts) -> bool:
    """Whether some rows were refused, and others followed, or no exception is known to have left the request."""
    return refused != [] and (
        facts.request.exception is None or any(row.serial > refused[0].serial and row.error is None for row in rows)
    )


def _goes_on_in_transaction(row: Statement, refused: Sequence[Statement], facts: Facts) -> bool:
    """Whether the transaction of a row went on after a refusal, or may commit in spite of it."""
    first = next((each.serial for each in refused if each.transaction == row.transaction), None)
    if first is None:
        return False
    in_transaction = facts.by_transaction.get(row.transaction, ())
    return any(each.serial > first and each.error is None for each in in_transaction) or any(
        each.serial == row.transaction and each.outcome in ("committed", "open") for each in facts.transactions
    )
