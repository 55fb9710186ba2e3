"""A report as response headers (RFC 9651 dictionaries, Server-Timing): counts, kinds and times, never SQL, values or
a DSN.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from query_guard.records import Finding, Numbers

_NOT_A_KEY = re.compile(r"[^a-z0-9_\-.*]")


def report_headers(report_id: str, numbers: Numbers, findings: Sequence[Finding]) -> list[tuple[bytes, bytes]]:
    """Return the headers of a window whose statements have been judged."""
    kinds = Counter([finding.kind for finding in findings]) if findings else {}
    return _headers(report_id, numbers, ", ".join([f"{_key(kind)}={count}" for kind, count in sorted(kinds.items())]))


def empty_headers(report_id: str) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers of a request that has not touched a database."""
    return (_NO_COUNT, _NO_TIME, (b"x-query-guard-id", report_id.encode("ascii")), _NO_TIMING)


_NO_COUNT = (b"x-query-count", b"0")
_NO_TIME = (b"x-query-time-ms", b"0.000")
_NO_TIMING = (b"server-timing", b'db;dur=0.0;desc="0 queries", pool;dur=0.0;desc="0 checkouts"')


def pending_headers(report_id: str, numbers: Numbers) -> list[tuple[bytes, bytes]]:
    """Return the headers of a window too large to be judged before the response."""
    return _headers(report_id, numbers, "pending")


def _headers(report_id: str, numbers: Numbers, findings: str) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"x-query-count", str(numbers.query_count).encode()),
        (b"x-query-time-ms", f"{numbers.query_time * 1000:.3f}".encode()),
        (b"x-query-guard-id", report_id.encode("ascii")),
        (b"server-timing", _server_timing(numbers).encode("ascii")),
    ]
    if findings:
        headers.append((b"x-query-findings", findings.encode("ascii")))
    if numbers.checkouts:
        headers.append((b"x-query-pool", _pool(numbers).encode("ascii")))
    return headers


def _pool(numbers: Numbers) -> str:
    text = f"checkouts={numbers.checkouts}, wait-ms={numbers.wait * 1000:.1f}, held-ms={numbers.held * 1000:.1f}"
    if numbers.checked_out is not None:
        text += f", checked-out={numbers.checked_out}"
    if numbers.size is not None:
        text += f", size={numbers.size}"
    return text if numbers.overflow is None else f"{text}, overflow={numbers.overflow}"


def _server_timing(numbers: Numbers) -> str:
    queries = "1 query" if numbers.query_count == 1 else f"{numbers.query_count} queries"
    times = "1 checkout" if numbers.checkouts == 1 else f"{numbers.checkouts} checkouts"
    database = f'db;dur={numbers.query_time * 1000:.1f};desc="{queries}"'
    return f'{database}, pool;dur={numbers.wait * 1000:.1f};desc="{times}"'


def _key(kind: str) -> str:
    """Make any kind a key of RFC 9651, so that no detector can break a header."""
    key = _NOT_A_KEY.sub("_", kind.lower())
    return key if key[:1].isalpha() or key[:1] == "*" else f"*{key}"
