"""The name of a failure, the same whichever driver raised it."""

from __future__ import annotations

import sqlite3

import pytest

from query_guard.capture.origin.error_names import error_name


def of_asyncpg(name: str) -> BaseException:
    """Return what SQLAlchemy's dialect raises for an exception of asyncpg."""
    failure = sqlite3.Error()
    failure.__cause__ = type(name, (Exception,), {"__module__": "asyncpg.exceptions"})()
    return failure


def of_sqlite(name: str | None) -> BaseException:
    failure = sqlite3.IntegrityError()
    if name is not None:
        failure.sqlite_errorname = name
    return failure


def caused_by_another() -> BaseException:
    failure = KeyError()
    failure.__cause__ = ValueError()
    return failure


@pytest.mark.parametrize(
    ("failure", "name"),
    [
        (ValueError(), "ValueError"),
        (caused_by_another(), "KeyError"),
        (of_asyncpg("UniqueViolationError"), "UniqueViolation"),
        (of_asyncpg("DeadlockDetectedError"), "DeadlockDetected"),
        (of_asyncpg("SerializationError"), "SerializationFailure"),
        (of_asyncpg("InFailedSQLTransactionError"), "InFailedSqlTransaction"),
        (of_asyncpg("Error"), "Error"),
        (of_sqlite(None), "IntegrityError"),
        (of_sqlite("SQLITE_CONSTRAINT_UNIQUE"), "IntegrityError"),
        (of_sqlite("SQLITE_CONSTRAINT_NOTNULL"), "NotNullViolation"),
        (of_sqlite("SQLITE_CONSTRAINT_FOREIGNKEY"), "ForeignKeyViolation"),
        (of_sqlite("SQLITE_CONSTRAINT_CHECK"), "CheckViolation"),
    ],
    ids=repr,
)
def test_a_failure_is_named_as_psycopg_names_it(failure: BaseException, name: str) -> None:
    assert error_name(failure) == name
