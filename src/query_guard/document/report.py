"""The one description of a report as data that JSON can carry."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from query_guard.document.connections import checkout_document, transaction_document
from query_guard.document.fields import milliseconds
from query_guard.document.findings import finding_document, silence_document
from query_guard.document.pools import pool_document
from query_guard.document.sentence import sentence
from query_guard.document.statements import statement_document
from query_guard.document.strict_json import json_safe
from query_guard.records import Report, Statement


def document(report: Report, *, parameters: bool = False) -> dict[str, Any]:
    """Return a report as JSON-safe data: fingerprints, never the SQL of the driver.

    Values are in it only with `parameters`, which is for the debug page alone, and where they were captured.
    """
    facts = report.facts
    data: dict[str, Any] = {
        **summary(report, parameters=parameters),
        "sentence": sentence(report),
        "late_count": facts.late.count,
        "dropped": facts.dropped,
        "dropped_checkouts": facts.dropped_checkouts,
        "dropped_transactions": facts.dropped_transactions,
        "statements": [_statement(statement, parameters) for statement in facts.statements],
        "findings": [finding_document(finding) for finding in report.findings],
        "silences": [silence_document(silence) for silence in report.silences],
        "checkouts": [checkout_document(checkout) for checkout in facts.checkouts],
        "transactions": [transaction_document(transaction) for transaction in facts.transactions],
        "pools": [pool_document(pool) for pool in facts.pools],
    }
    safe: dict[str, Any] = json_safe(data)
    return safe


def summary(report: Report, *, parameters: bool = False) -> dict[str, Any]:
    """Return the line that lists show of a report; the values in its path only with `parameters`, as in `document`."""
    facts, request = report.facts, report.request
    return {
        "id": report.id,
        "kind": request.kind,
        "method": request.method,
        "route": request.route,
        "path": request.path if parameters or request.kind == "block" else request.route,
        "status": request.status,
        "exception": request.exception,
        "cancelled": request.cancelled,
        "started_at": datetime.fromtimestamp(report.started_at, UTC).isoformat(timespec="milliseconds"),
        "duration_ms": milliseconds(facts.duration),
        "query_count": facts.query_count,
        "driver_calls": facts.driver_calls,
        "query_time_ms": milliseconds(facts.query_time),
        "peak_connections": facts.peak_connections,
        "findings": [finding.kind for finding in report.findings],
        "trace_id": report.trace_id,
        "span_id": report.span_id,
    }


def _statement(statement: Statement, parameters: bool) -> dict[str, Any]:
    if parameters and statement.parameters:
        return {**statement_document(statement), "parameters": list(statement.parameters)}
    return statement_document(statement)
