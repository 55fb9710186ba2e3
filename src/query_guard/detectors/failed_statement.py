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
_AGAIN = "Try the transaction again from its beginning"
_FIXES = {
    "CancelledError": "The caller went away or a timeout struck; a shorter statement or a longer timeout helps",
    "IntegrityError": _CONFLICT,
    "UniqueViolation": _CONFLICT,
    "UndefinedTable": _MIGRATE,
    "UndefinedColumn": _MIGRATE,
    "DeadlockDetected": f"Lock rows in one order everywhere. {_AGAIN}",
    "Serialization": _AGAIN,
    "SerializationFailure": _AGAIN,
}
"""By the names of the drivers' exceptions; asyncpg puts Error behind what psycopg calls by the same name."""


def _fix(error: str) -> str:
    known = _FIXES.get(error) or _FIXES.get(error.removesuffix("Error"))
    return known or "Read the exception; the session must roll back before it is used again"
