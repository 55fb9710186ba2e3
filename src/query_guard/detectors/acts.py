"""SELECTs that are sent for their effect and not for their result, and reads of the database's own catalogue.

A SET, a NOTIFY or a LOCK acts, and so does a SELECT of an advisory lock, a setting or a notification, without a table:
sending it once for several keys, or keeping its result, would do something else. A read of the catalogue (reflection,
a migration, a health check) is no loop over rows of the application.
"""

from __future__ import annotations

import re

from query_guard.records import Statement

_ACTS = re.compile(
    r"(?i)\b(?:set_config|pg_notify|pg_(?:try_)?advisory_\w+|get_lock|release_lock|release_all_locks|sp_getapplock|"
    r"setval|pg_terminate_backend|pg_cancel_backend)\s*\("
)
_CALL = re.compile(r"\w\(")
_COMMANDS = frozenset(("SET", "RESET", "NOTIFY", "LISTEN", "UNLISTEN", "LOCK"))
_CATALOGUE = re.compile(r"(?i)^(?:pg_catalog\.|information_schema\.|pg_[a-z_]+$|sqlite_(?:master|schema|temp_master)$)")


def acts(row: Statement) -> bool:
    """Whether a statement does nothing but take a lock, change a setting, or notify somebody."""
    return row.operation in _COMMANDS or (not row.tables and has_effect(row))


def has_effect(row: Statement) -> bool:
    """Whether a SELECT calls such a function, be it beside data."""
    return row.operation == "SELECT" and _ACTS.search(row.sql) is not None


def may_act(row: Statement) -> bool:
    """Whether a SELECT may be sent for what it does: it reads no table, and calls a function."""
    return not row.tables and _CALL.search(row.sql) is not None


def reads_catalogue(row: Statement) -> bool:
    """Whether a statement reads only the database's own tables."""
    return row.operation in ("SELECT", "PRAGMA") and bool(row.tables) and all(map(_CATALOGUE.match, row.tables))
