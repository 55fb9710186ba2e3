"""The one description of a report: as data that JSON can carry, and as one sentence that people can read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from query_guard.document.strict_json import json_safe
from query_guard.records import (
    Checkout,
    Facts,
    Finding,
    Frame,
    Holder,
    Numbers,
    Pool,
    Report,
    Silence,
    Statement,
    Transaction,
)


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
        "statements": [
            {**_statement(row), "parameters": list(row.parameters)}
            if parameters and row.parameters
            else _statement(row)
            for row in facts.statements
        ],
        "findings": [finding_document(finding) for finding in report.findings],
        "silences": [_silence(silence) for silence in report.silences],
        "checkouts": [_checkout(checkout) for checkout in facts.checkouts],
        "transactions": [_transaction(transaction) for transaction in facts.transactions],
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
    }


def sentence(report: Report) -> str:
    """Say the whole report in one sentence: how many queries, from where, and what mending the worst of it wins."""
    facts = report.facts
    head = f"{report.request.name}: {_counted(facts.query_count, 'query', 'queries')}"
    worst = next((finding for finding in report.loud_findings if finding.statements), None)
    if worst is None:
        said = f"{head} in {facts.query_time * 1000:.1f} ms"
        return f"{said}; {_headline(report.loud_findings[0])}" if report.loud_findings else said
    share = f", {_share(worst, facts)}" if facts.query_count > 1 else ""
    said = f"{head}{share} from {_places(worst)}"
    if not worst.remedy or worst.saved_statements < 1 or facts.dropped:
        return f"{said}; {_headline(worst)}"
    left = facts.query_count - worst.saved_statements
    saves = f" and saves about {worst.saving * 1000:.0f} ms" if worst.saving >= 0.0005 else ""
    return f"{said}; {worst.remedy} makes it {left}{saves}"


def _headline(finding: Finding) -> str:
    """The summary without the statement that follows its colon."""
    return finding.summary.partition(": ")[0]


def _share(finding: Finding, facts: Facts) -> str:
    if finding.count == 1:
        return "one of them"
    if facts.dropped:
        return f"at least {finding.count} of them"
    return f"{'all' if finding.count == facts.query_count else finding.count} of them"


def _places(finding: Finding) -> str:
    lines = {caller.innermost for caller in finding.callers}
    return finding.place if len(lines) <= 1 else f"{len(lines)} lines"


def finding_document(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "severity": finding.severity,
        "summary": finding.summary,
        "fix": finding.fix,
        **_where(finding.site.innermost),
        "callers": [_where(caller) for caller in callers_of(finding)],
        "count": finding.count,
        "relationship": finding.relationship,
        "saving_ms": milliseconds(finding.saving),
        "phase": finding.phase,
        "statement_ids": list(finding.statements),
        "details": list(finding.details),
        "remedy": finding.remedy or None,
        "edit": {"file": finding.edit[0], "line": finding.edit[1]} if finding.edit is not None else None,
    }


def _silence(silence: Silence) -> dict[str, Any]:
    return {
        "kind": silence.kind,
        "reason": silence.reason,
        **_where(silence.site.innermost),
        "count": silence.count,
        "statement_ids": list(silence.statements),
    }


def _where(frame: Frame | None) -> dict[str, Any]:
    if frame is None:
        return {"file": None, "line": None, "function": None}
    return {"file": frame.file, "line": frame.line, "function": frame.function}


def callers_of(finding: Finding) -> list[Frame]:
    """Return up to five application frames around the finding: those that led to its line, then its other lines."""
    own = finding.site.innermost
    frames = list(finding.site.frames[1:])
    for site in finding.callers:
        frames += site.frames[1:] if site.innermost == own else site.frames[:1]
    return list(dict.fromkeys(frames))[:5]


def _statement(row: Statement) -> dict[str, Any]:
    return {
        "id": row.serial,
        "fingerprint": row.fingerprint,
        "sql": row.sql,
        "operation": row.operation,
        "start_ms": milliseconds(row.start),
        "duration_ms": milliseconds(row.duration),
        "loop_ms": milliseconds(row.stalled),
        **_where(row.site.innermost),
        "phase": row.phase,
        "engine": str(row.engine),
        "connection": row.connection,
        "transaction": row.transaction or None,
        "relationship": row.relationship,
        "rows": row.rows,
        "failed": row.error is not None,
    }


def _checkout(checkout: Checkout) -> dict[str, Any]:
    return {
        "id": checkout.serial,
        "pool": checkout.pool,
        "connection": checkout.connection,
        "start_ms": milliseconds(checkout.start),
        "wait_ms": milliseconds(checkout.wait),
        "connect_ms": milliseconds(checkout.connect),
        "held_ms": milliseconds(checkout.hold) if checkout.hold is not None else None,
        "busy_ms": milliseconds(checkout.busy),
        "idle_in_transaction_ms": milliseconds(checkout.idle_in_transaction),
        "outcome": checkout.outcome,
        "phase": checkout.phase,
        "held_in_pool": checkout.held_in_pool,
        "holders": [holder_document(holder) for holder in checkout.holders],
        **_where(checkout.site.innermost),
    }


def holder_document(holder: Holder) -> dict[str, Any]:
    return {
        "checkout": holder.checkout,
        "name": holder.name,
        "held_ms": milliseconds(holder.held),
        "idle_ms": milliseconds(holder.idle),
        "doing": holder.doing,
        "suspected": holder.suspected,
        **_where(holder.site.innermost),
    }


def _transaction(transaction: Transaction) -> dict[str, Any]:
    end = transaction.end
    return {
        "id": transaction.serial,
        "connection": transaction.connection,
        "start_ms": milliseconds(transaction.start),
        "duration_ms": milliseconds(end - transaction.start) if end is not None else None,
        "outcome": transaction.outcome,
        "autocommit": transaction.autocommit,
        "statements": transaction.statements,
        "writes": transaction.writes,
        "rows_written": transaction.rows_written,
        "ended_by": transaction.ended_by or None,
        "phase": transaction.phase,
        **_where(transaction.site.innermost),
    }


def pool_document(pool: Pool) -> dict[str, Any]:
    return {
        "id": pool.serial,
        "engine": str(pool.engine),
        "kind": pool.kind,
        "size": pool.size,
        "checked_out": pool.checked_out,
        "overflow": pool.overflow,
        "capacity": pool.capacity,
        "pre_ping": pool.pre_ping,
        "peak": pool.peak,
        "waits": pool.waits,
        "wait_ms": milliseconds(pool.wait_time),
        "connects": pool.connects,
        "connect_ms": milliseconds(pool.connect_time),
    }


def live_pool_document(pool: Pool, holders: Sequence[Holder]) -> dict[str, Any]:
    """Return a pool with the holders of its connections; `unseen` ones were checked out where nothing records."""
    unseen = max(0, pool.checked_out - len(holders)) if pool.checked_out is not None else None
    return {**pool_document(pool), "holders": [holder_document(holder) for holder in holders], "unseen": unseen}


def pool_numbers(numbers: Numbers) -> dict[str, int | float | None]:
    """Return the checkouts, waits and holds of the pool with most checkouts, in the order of the header."""
    if not numbers.checkouts:
        return {}
    return {
        "checkouts": numbers.checkouts,
        "wait_ms": milliseconds(numbers.wait),
        "held_ms": milliseconds(numbers.held),
        "checked_out": numbers.checked_out,
        "size": numbers.size,
        "overflow": numbers.overflow,
    }


def milliseconds(seconds: float) -> float:
    try:
        return round(seconds * 1_000_000) / 1000
    except (OverflowError, ValueError):  # a detector may say that something takes for ever
        return seconds


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
