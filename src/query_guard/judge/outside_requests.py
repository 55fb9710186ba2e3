"""The part of a block that belongs to no request."""

from __future__ import annotations

from query_guard.records import Facts


def outside_requests(facts: Facts, request: int) -> Facts:
    """Return the facts of a block without those of the requests in it; `request` is the serial of the block itself."""
    statements = tuple(row for row in facts.statements if row.request == request)
    return Facts(
        request=facts.request,
        duration=facts.duration,
        statements=statements,
        checkouts=tuple(checkout for checkout in facts.checkouts if checkout.request == request),
        transactions=tuple(transaction for transaction in facts.transactions if transaction.request == request),
        pools=facts.pools,
        failed_loads=tuple(load for load in facts.failed_loads if load.request == request),
        reads=facts.reads,
        notes_reads=facts.notes_reads,
        eager_mappings=facts.eager_mappings,
        query_count=len(statements) + facts.dropped,
        driver_calls=sum(row.batches for row in statements) + facts.dropped,
        query_time=sum(row.duration for row in statements),
        dropped=facts.dropped,
        dropped_checkouts=facts.dropped_checkouts,
        dropped_transactions=facts.dropped_transactions,
        dropped_failed_loads=facts.dropped_failed_loads,
    )
