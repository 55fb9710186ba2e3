"""A statement that the database or the driver refused."""

from __future__ import annotations

from collections.abc import Iterator

from query_guard.records import Facts, Finding, Severity, Statement, Triggers, grouped

KIND = "failed_statement"


class FailedStatement:
    """Find statements that failed, one finding for each shape, site and error.

    A warning if the request failed with them. An answer below 500 shows that the application handled the error: then it
    is information. A block has no answer; there the error counts as handled if the transaction was committed, if the
    statement was sent again and succeeded, or if the function that sent it went on with other statements. Where a test
    called the application itself, the exception counts as handled: the application handled it, or the test receives it.
    """

    @property
    def triggers(self) -> Triggers:
        return {"failed_statements": 1}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        request = facts.request
        is_answered = request.status is not None and not request.has_failed
        failed = (row for row in facts.statements if row.error is not None)
        for rows in grouped(failed, lambda row: (row.fingerprint, row.site.key, row.error)).values():
            first = rows[0]
            times = f" {len(rows)} times" if len(rows) > 1 else ""
            yield Finding(
                kind=KIND,
                severity=_severity(rows, facts, is_answered),
                summary=f"{first.operation} failed{times} with {first.error}: {first.sql}",
                fix=_fix(first.error or ""),
                site=first.site,
                count=len(rows),
                relationship=first.relationship,
                phase=first.phase,
                statements=tuple(row.serial for row in rows),
                request=first.request,
            )


def _severity(rows: list[Statement], facts: Facts, is_answered: bool) -> Severity:
    if is_answered or facts.request.is_call or rows[0].error == "CancelledError":
        return "info"
    is_block = facts.request.kind == "block"
    return "info" if is_block and all(_is_dealt_with(row, facts) for row in rows) else "warning"


def _is_dealt_with(row: Statement, facts: Facts) -> bool:
    if any(
        transaction.serial == row.transaction and transaction.outcome == "committed"
        for transaction in facts.transactions
    ):
        return True
    succeeded = [
        candidate for candidate in facts.statements if candidate.serial > row.serial and candidate.error is None
    ]
    return any(candidate.fingerprint == row.fingerprint or _goes_on(row, candidate) for candidate in succeeded)


def _goes_on(row: Statement, other: Statement) -> bool:
    """Whether the outermost function of a failed statement sent another one afterwards."""
    failed_entry, other_entry = row.site.frames[-1:], other.site.frames[-1:]
    is_same_function = bool(failed_entry and other_entry) and (failed_entry[0].file, failed_entry[0].first_line) == (
        other_entry[0].file,
        other_entry[0].first_line,
    )
    return is_same_function and row.task == other.task and other.start >= row.end


_MIGRATE = "Run the migrations of this database"
_CONFLICT = "Write with ON CONFLICT, or catch IntegrityError around the flush and answer 409"
_INVALID = "Validate the value before it is written, and answer 422"
_AGAIN = "Try the transaction again from its beginning"
_FIXES = {
    "CancelledError": "The client went away or a timeout ended; a shorter statement or a longer timeout helps",
    "IntegrityError": _CONFLICT,
    "UniqueViolation": _CONFLICT,
    "ExclusionViolation": "Catch IntegrityError around the flush and answer 409",
    "ForeignKeyViolation": "Look up the row that it refers to (or the rows that refer to it), and answer 404 or 409",
    "NotNullViolation": f"{_INVALID}: a column that must have one got none",
    "CheckViolation": f"{_INVALID}: a CHECK constraint refuses it",
    "StringDataRightTruncation": f"{_INVALID}: it is longer than its column",
    "NumericValueOutOfRange": f"{_INVALID}: it is too large for its column",
    "DataError": f"{_INVALID}: it does not fit its column",
    "UndefinedTable": _MIGRATE,
    "UndefinedColumn": _MIGRATE,
    "DeadlockDetected": f"Lock rows in one order everywhere. {_AGAIN}",
    "SerializationFailure": _AGAIN,
    "LockNotAvailable": f"Another transaction holds the lock: shorten that one. {_AGAIN}",
    "QueryCanceled": "It was cancelled, or reached statement_timeout: shorten it, or the transaction that has its lock",
    "InFailedSqlTransaction": "An earlier statement of this transaction failed: roll back where that is caught, or "
    "put it under a savepoint (session.begin_nested())",
}
"""The fix for each driver's exception, by its name in psycopg."""


def _fix(error: str) -> str:
    return _FIXES.get(error) or "Read the exception; the session must roll back before it is used again"
