"""The jobs of a queue, whose workers take rows with SKIP LOCKED."""

from __future__ import annotations

from collections.abc import Iterable

from query_guard.records.statements import Statement


def takes_jobs(row: Statement) -> bool:
    return "SKIP LOCKED" in row.sql.upper()


def jobs_of(statements: Iterable[Statement]) -> dict[int, int]:
    """Return, for the serial of each statement of a job, the serial of the statement that took it.

    A job lasts until its task takes the next one, or finds none.
    """
    jobs: dict[int, int] = {}
    of_task: dict[int, int] = {}
    for row in statements:
        if takes_jobs(row):
            of_task[row.task] = row.serial if row.brought != 0 else 0
        if job := of_task.get(row.task, 0):
            jobs[row.serial] = job
    return jobs
