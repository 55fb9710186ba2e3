"""Statements as data, without the values they were sent with."""

from __future__ import annotations

from collections.abc import Iterable
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
        "loaded_by": statement.loaded_by,
        "rows": statement.rows,
        "failed": statement.error is not None,
    }


def first_of_duplicates(statements: Iterable[Statement]) -> dict[int, int]:
    """Return the serial of the first statement for each that sent the same text with the same values after it."""
    first: dict[object, int] = {}
    serials = {}
    for row in statements:
        if not row.executemany and row.operation != "INSERT":  # many values are not kept; each INSERT makes a row
            serials[row.serial] = first.setdefault((row.engine.serial, *row.value_key), row.serial)
    return {serial: of for serial, of in serials.items() if serial != of}
