"""The one description of a report as data that JSON can carry."""

from __future__ import annotations

from typing import Any

from query_guard.document.change import change_document
from query_guard.document.connections import checkout_document, loop_block_document, transaction_document
from query_guard.document.fields import milliseconds, moment
from query_guard.document.findings import finding_document, silence_document, trial_document
from query_guard.document.pools import pool_document
from query_guard.document.sentence import sentence
from query_guard.document.statements import first_of_duplicates, statement_document
from query_guard.document.strict_json import json_safe
from query_guard.document.times import times_document
from query_guard.records import Report, Statement


def document(report: Report, *, parameters: bool = False) -> dict[str, Any]:
    """Return a report as JSON-safe data: fingerprints, never the SQL of the driver.

    Values are in it only with `parameters`, which is for the debug page alone, and where they were captured.
    """
    facts = report.facts
    first = first_of_duplicates(facts.statements)
    data: dict[str, Any] = {
        **summary(report, parameters=parameters),
        "sentence": sentence(report),
        "change": change_document(report),
        "late_count": facts.late.count,
        "dropped": facts.dropped,
        "dropped_checkouts": facts.dropped_checkouts,
        "dropped_transactions": facts.dropped_transactions,
        "statements": [
            _statement(statement, first.get(statement.serial), parameters) for statement in facts.statements
        ],
        "findings": [finding_document(finding) for finding in report.findings],
        "silences": [silence_document(silence) for silence in report.silences],
        "checkouts": [checkout_document(checkout) for checkout in facts.checkouts],
        "transactions": [transaction_document(transaction) for transaction in facts.transactions],
        "pools": [pool_document(pool) for pool in facts.pools],
        "loop_blocks": [loop_block_document(block) for block in facts.loop_blocks],
    }
    safe: dict[str, Any] = json_safe(data)
    return safe


def summary(report: Report, *, parameters: bool = False) -> dict[str, Any]:
    """Return the line that lists show of a report; the values in its path only with `parameters`, as in `document`."""
    facts, request = report.facts, report.request
    return {
        "id": report.id,
        "pid": report.pid,
        "kind": request.kind,
        "method": request.method,
        "route": request.route,
        "path": request.path if parameters or request.kind == "block" else request.route,
        "status": request.status,
        "exception": request.exception,
        "cancelled": request.cancelled,
        "started_at": moment(report.started_at),
        "duration_ms": milliseconds(facts.duration),
        "query_count": facts.query_count,
        "driver_calls": facts.driver_calls,
        "query_time_ms": milliseconds(facts.query_time),
        "peak_connections": facts.peak_connections,
        "sampled": report.sampled,
        "trial": trial_document(report.trial),
        "change": change_document(report),
        "times": times_document(facts),
        "shapes": len({statement.fingerprint for statement in facts.statements}),
        "severities": [finding.severity for finding in report.findings],
        "findings": [finding.kind for finding in report.findings],
        "trace_id": report.trace_id,
        "span_id": report.span_id,
    }


def _statement(statement: Statement, duplicate_of: int | None, parameters: bool) -> dict[str, Any]:
    data = {**statement_document(statement), "duplicate_of": duplicate_of}
    return {**data, "parameters": list(statement.parameters)} if parameters and statement.parameters else data
