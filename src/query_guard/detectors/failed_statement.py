"""A statement that the database or the driver refused."""

from __future__ import annotations

from collections.abc import Iterator

from query_guard.records import Facts, Finding, Severity, Triggers, grouped

KIND = "failed_statement"


class FailedStatement:
    """Find statements that failed, one finding for each shape, site and error.

    A warning when the request failed with them; an answer below 500 says that the application has dealt with it.
    """

    @property
    def triggers(self) -> Triggers:
        return {"failed_statements": 1}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        request = facts.request
        severity: Severity = "warning" if request.status is None or request.has_failed else "info"
        failed = (row for row in facts.statements if row.error is not None)
        for rows in grouped(failed, lambda row: (row.fingerprint, row.site.key, row.error)).values():
            first = rows[0]
            often = f" {len(rows)} times" if len(rows) > 1 else ""
            yield Finding(
                kind=KIND,
                severity="info" if first.error == "CancelledError" else severity,
                summary=f"{first.operation} failed{often} with {first.error}: {first.sql}",
                fix=_fix(first.error or ""),
                site=first.site,
                count=len(rows),
                relationship=first.relationship,
                phase=first.phase,
                statements=tuple(row.serial for row in rows),
                request=first.request,
            )


_MIGRATE = "Run the migrations of this database"
_CONFLICT = "Write with ON CONFLICT, or catch IntegrityError around the flush and answer 409"
_INVALID = "Validate the value before it is written, and answer 422"
_AGAIN = "Try the transaction again from its beginning"
_FIXES = {
    "CancelledError": "The caller went away or a timeout struck; a shorter statement or a longer timeout helps",
    "IntegrityError": _CONFLICT,
    "UniqueViolation": _CONFLICT,
    "ExclusionViolation": "Catch IntegrityError around the flush and answer 409",
    "ForeignKeyViolation": "Look the row up that it refers to (or what refers to it), and answer 404 or 409",
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
    "QueryCanceled": "A statement_timeout struck, or somebody cancelled it: shorten it, or what holds its lock",
    "InFailedSqlTransaction": "An earlier statement of this transaction failed: roll back where that is caught, or "
    "put it under a savepoint (session.begin_nested())",
}
"""By the names of the drivers' exceptions, as psycopg says them."""


def _fix(error: str) -> str:
    return _FIXES.get(error) or "Read the exception; the session must roll back before it is used again"
