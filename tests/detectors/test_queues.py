"""Which repetitions are the work of a queue: once for each job, and each job ended for good."""

from __future__ import annotations

import pytest

from query_guard.detectors.queues import are_of_jobs, end_jobs
from query_guard.records import Facts, Statement
from tests.reports import facts_of, statement, transaction

TAKES = "SELECT id FROM jobs ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED"
WORK, TAKEN, NOTHING = "work", "taken", "nothing left"


def sent(*steps: tuple[str, int], task: int = 1) -> Facts:
    """Return statements, each given as what it does and the transaction that it is in."""
    rows = []
    for serial, (step, number) in enumerate(steps, 1):
        fields = {} if step == WORK else {"sql": TAKES, "rows": int(step == TAKEN)}
        rows.append(statement(serial, transaction=number, task=task, **fields))
    return facts_of(*rows, transactions=tuple(transaction(serial=number) for number in {number for _, number in steps}))


def work(facts: Facts) -> list[Statement]:
    return [row for row in facts.statements if row.sql != TAKES]


JOBS = ((TAKEN, 1), (WORK, 1), (TAKEN, 2), (WORK, 2), (TAKEN, 3), (WORK, 3))


@pytest.mark.parametrize(
    ("steps", "of_jobs"),
    [
        (JOBS, True),
        (((TAKEN, 1), (WORK, 2), (TAKEN, 3), (WORK, 4)), True),
        (((WORK, 9), *JOBS), False),
        ((*JOBS, (NOTHING, 8), (WORK, 9)), False),
        (((TAKEN, 1), (WORK, 1), (WORK, 2), (TAKEN, 3), (WORK, 3)), False),
        (((TAKEN, 1), (WORK, 1), (WORK, 1)), False),
    ],
    ids=["one each", "in a further transaction", "one before all jobs", "one after them", "two of a job", "a loop"],
)
def test_what_is_sent_once_for_each_job_is_no_loop(steps: tuple[tuple[str, int], ...], of_jobs: bool) -> None:
    facts = sent(*steps)
    assert are_of_jobs(work(facts), facts) is of_jobs


def test_to_look_for_a_job_is_no_loop_unless_several_are_taken_in_one_transaction() -> None:
    apart, together = sent((TAKEN, 1), (TAKEN, 2), (NOTHING, 3)), sent((TAKEN, 1), (TAKEN, 1), (NOTHING, 2))
    assert [are_of_jobs(list(facts.statements), facts) for facts in (apart, together)] == [True, False]


@pytest.mark.parametrize(
    ("steps", "apart"),
    [(JOBS, True), (((TAKEN, 1), (WORK, 1), (WORK, 2)), False), ((*JOBS, (NOTHING, 8), (WORK, 9)), False)],
    ids=["one each", "two of a job", "one after them"],
)
def test_transactions_that_end_a_job_each_are_no_commits_per_row(
    steps: tuple[tuple[str, int], ...], apart: bool
) -> None:
    facts = sent(*steps)
    ending = [facts.transaction_by_serial[row.transaction] for row in work(facts)]
    assert end_jobs(ending, facts) is apart


def test_a_transaction_of_which_no_statement_is_known_ends_no_job() -> None:
    facts = sent(*JOBS)
    assert not end_jobs([transaction(serial=7)], facts)
