"""A report as response headers (RFC 9651 dictionaries, Server-Timing): counts, kinds and times, never SQL, values or
a DSN.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from query_guard.document import pool_numbers
from query_guard.records import Report

_NOT_A_KEY = re.compile(r"[^a-z0-9_\-.*]")


def report_headers(report: Report) -> Iterator[tuple[bytes, bytes]]:
    """Yield the headers of a report whose statements have been judged."""
    kinds = Counter(finding.kind for finding in report.loud_findings)
    findings = ", ".join(f"{_key(kind)}={count}" for kind, count in sorted(kinds.items()))
    yield from _headers(report, findings)


def empty_headers(report_id: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield the headers of a request that has not touched a database."""
    yield b"x-query-count", b"0"
    yield b"x-query-time-ms", b"0.000"
    yield b"x-query-guard-id", report_id.encode("ascii")
    yield b"server-timing", b'db;dur=0.0;desc="0 queries", pool;dur=0.0;desc="0 checkouts"'


def pending_headers(report: Report) -> Iterator[tuple[bytes, bytes]]:
    """Yield the headers of a report too large to be judged before the response."""
    yield from _headers(report, "pending")


def _headers(report: Report, findings: str) -> Iterator[tuple[bytes, bytes]]:
    facts = report.facts
    pool = pool_numbers(facts)
    yield b"x-query-count", str(facts.query_count).encode()
    yield b"x-query-time-ms", f"{facts.query_time * 1000:.3f}".encode()
    if findings:
        yield b"x-query-findings", findings.encode("ascii")
    if pool:
        yield b"x-query-pool", _dictionary(pool).encode("ascii")
    yield b"x-query-guard-id", report.id.encode("ascii")
    yield b"server-timing", _server_timing(report, pool).encode("ascii")


def _dictionary(pool: dict[str, int | float | None]) -> str:
    names = {"wait_ms": "wait-ms", "held_ms": "held-ms", "checked_out": "checked-out"}
    return ", ".join(f"{names.get(name, name)}={_number(value)}" for name, value in pool.items() if value is not None)


def _server_timing(report: Report, pool: dict[str, int | float | None]) -> str:
    facts = report.facts
    checkouts = pool.get("checkouts") or 0
    queries = "1 query" if facts.query_count == 1 else f"{facts.query_count} queries"
    times = "1 checkout" if checkouts == 1 else f"{checkouts} checkouts"
    database = f'db;dur={facts.query_time * 1000:.1f};desc="{queries}"'
    return f'{database}, pool;dur={pool.get("wait_ms") or 0.0:.1f};desc="{times}"'


def _number(value: int | float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.1f}"


def _key(kind: str) -> str:
    """Make any kind a key of RFC 9651, so that no detector can break a header."""
    key = _NOT_A_KEY.sub("_", kind.lower())
    return key if key[:1].isalpha() or key[:1] == "*" else f"*{key}"
