"""Why a repeated statement is no loop that needs a fix: each reason is a sentence that the report shows.

Pages, chunks, polls and refusals are defined in the modules of these names. A retry repeats transactions that failed,
or that were rolled back because an UPDATE found its version stale; the last one succeeded. What belongs to the jobs of
a queue is defined in `queues`.
"""

from __future__ import annotations

from query_guard.detectors.acts import acts, reads_catalogue
from query_guard.detectors.chunks import chunk_reason
from query_guard.detectors.pages import paging
from query_guard.detectors.polls import polls_for_changes
from query_guard.detectors.queues import are_of_jobs
from query_guard.detectors.refreshes import are_read_back
from query_guard.detectors.refusals import refusal_reason
from query_guard.detectors.remedies.listeners import is_of_listener
from query_guard.records import Facts, Statement


def batch_reason(rows: list[Statement], facts: Facts) -> str | None:
    """Return why these repetitions are one piece of work, or None if they are not known to be."""
    if _is_eager(rows):
        return f"one load in {len(rows)} chunks of selectinload({rows[0].relationship})"
    if rows[0].loader is not None and are_read_back(rows, facts):
        return "each reads back what was written just before"
    if _is_flush(rows, facts):
        return f"{len(rows)} rows of one flush"
    if acts(rows[0]):
        return "each takes a lock, changes a setting or notifies somebody"
    if reads_catalogue(rows[0]):
        return "it reads the database's own catalogue"
    if _is_retry(rows, facts):
        return "a retry: the transactions before the last one failed"
    if (reason := refusal_reason(rows, facts)) is not None:
        return reason
    if are_of_jobs(rows, facts):
        return "the jobs of a queue, taken one by one with SKIP LOCKED"
    if polls_for_changes(rows):
        return "a poll: each asks, in a transaction of its own after a wait, for what is new since the last"
    return chunk_reason(rows) or paging(rows, facts)


def _is_eager(rows: list[Statement]) -> bool:
    return rows[0].loader is not None and rows[0].loader.kind == "eager"


def _is_flush(rows: list[Statement], facts: Facts) -> bool:
    """Whether one flush sent them itself, and not a listener of the application that is called for each object."""
    flush = rows[0].flush
    if flush == 0 or any(row.flush != flush for row in rows):
        return False
    return not is_of_listener(rows[0], facts)


def _is_retry(rows: list[Statement], facts: Facts) -> bool:
    earlier = {row.transaction for row in rows} - {rows[-1].transaction}
    return bool(earlier) and len(earlier) == len(rows) - 1 and earlier <= facts.failed_transactions
