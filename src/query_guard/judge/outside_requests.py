"""The part of a block that belongs to no request."""

from __future__ import annotations

from dataclasses import replace

from query_guard.records import Facts, LateCounter


def outside_requests(facts: Facts, request: int) -> Facts:
    """Return the facts of a block without those of the requests in it; `request` is the serial of the block itself."""
    statements = tuple(row for row in facts.statements if row.request == request)
    return replace(
        facts,
        statements=statements,
        checkouts=tuple(checkout for checkout in facts.checkouts if checkout.request == request),
        transactions=tuple(transaction for transaction in facts.transactions if transaction.request == request),
        failed_loads=tuple(load for load in facts.failed_loads if load.request == request),
        loop_blocks=(),
        query_count=len(statements) + facts.dropped,
        driver_calls=sum(row.batches for row in statements) + facts.dropped,
        query_time=sum(row.duration for row in statements),
        late=LateCounter(),
    )
