"""Statements as data, without the values they were sent with."""

from __future__ import annotations

from typing import Any

from query_guard.document.fields import frame_fields, milliseconds
from query_guard.records import Statement


def statement_document(statement: Statement) -> dict[str, Any]:
    return {
        "id": statement.serial,
        "fingerprint": statement.fingerprint,
        "sql": statement.sql,
        "operation": statement.operation,
        "start_ms": milliseconds(statement.start),
        "duration_ms": milliseconds(statement.duration),
        "loop_ms": milliseconds(statement.stalled),
        **frame_fields(statement.site.innermost),
        "phase": statement.phase,
        "engine": str(statement.engine),
        "connection": statement.connection,
        "transaction": statement.transaction or None,
        "relationship": statement.relationship,
        "rows": statement.rows,
        "failed": statement.error is not None,
    }
