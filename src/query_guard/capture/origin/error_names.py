"""The name of an exception of a driver, the same for all drivers."""

from __future__ import annotations

_OF_SQLITE = {
    "SQLITE_CONSTRAINT_NOTNULL": "NotNullViolation",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "ForeignKeyViolation",
    "SQLITE_CONSTRAINT_CHECK": "CheckViolation",
}
_AS_PSYCOPG = {"Serialization": "SerializationFailure", "InFailedSQLTransaction": "InFailedSqlTransaction"}


def error_name(failure: BaseException) -> str:
    """Return the class name of a driver's exception. Those of asyncpg are named as psycopg names them."""
    cause = failure.__cause__
    if cause is not None and type(cause).__module__.startswith("asyncpg"):
        name = type(cause).__name__.removesuffix("Error")
        return _AS_PSYCOPG.get(name, name) or type(failure).__name__
    return _OF_SQLITE.get(getattr(failure, "sqlite_errorname", ""), type(failure).__name__)
