"""Whether repetitions are the work of a queue, which ends each job for good before it takes the next.

A job begins when a statement takes rows with SKIP LOCKED, and may go on in further transactions, as where its state is
committed before the work and after it. What is sent once for each job is no loop. What is sent several times for one
job may be.
"""

from __future__ import annotations

from collections.abc import Sequence

from query_guard.records import Facts, Statement, Transaction, takes_jobs


def are_of_jobs(rows: Sequence[Statement], facts: Facts) -> bool:
    """Whether each is the only one of its transaction and of its job, or looks for a job."""
    if len({row.transaction for row in rows}) < len(rows):
        return False
    return takes_jobs(rows[0]) or _are_apart(rows, facts)


def end_jobs(transactions: Sequence[Transaction], facts: Facts) -> bool:
    """Whether each transaction ends in another job."""
    last = [rows[-1] for transaction in transactions if (rows := facts.by_transaction.get(transaction.serial))]
    return len(last) == len(transactions) and _are_apart(last, facts)


def _are_apart(rows: Sequence[Statement], facts: Facts) -> bool:
    jobs = {facts.jobs.get(row.serial, 0) for row in rows}
    return 0 not in jobs and len(jobs) == len(rows)
