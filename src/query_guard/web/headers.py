"""A report as response headers (RFC 9651 dictionaries, Server-Timing): counts, kinds and times, never SQL, values or
a DSN.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from query_guard.records import Finding, Numbers, count_kinds

_NOT_A_KEY = re.compile(r"[^a-z0-9_\-.*]")


def report_headers(report_id: str, numbers: Numbers, findings: Sequence[Finding]) -> list[tuple[bytes, bytes]]:
    """Return the headers of a window whose statements have been judged."""
    kinds = count_kinds(findings)
    return _headers(report_id, numbers, ", ".join([f"{_key(kind)}={kinds[kind]}" for kind in sorted(kinds)]))


def empty_headers(report_id: str) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers of a request without statements and checkouts."""
    return (_NO_COUNT, _NO_TIME, (b"x-query-guard-id", report_id.encode("ascii")), _NO_TIMING)


def counted_headers(report_id: str, count: int, seconds: float) -> list[tuple[bytes, bytes]]:
    """Return the headers of a request whose statements were only counted: nothing is known of its checkouts."""
    milliseconds = seconds * 1000
    queries = b"1 query" if count == 1 else b"%d queries" % count
    return [
        (b"x-query-count", b"%d" % count),
        (b"x-query-time-ms", b"%.3f" % milliseconds),
        (b"x-query-guard-id", report_id.encode()),
        (b"server-timing", b'db;dur=%.1f;desc="%b"' % (milliseconds, queries)),
    ]


_NO_COUNT = (b"x-query-count", b"0")
_NO_TIME = (b"x-query-time-ms", b"0.000")
_NO_TIMING = (b"server-timing", b'db;dur=0.0;desc="0 queries", pool;dur=0.0;desc="0 checkouts"')


def pending_headers(report_id: str, numbers: Numbers) -> list[tuple[bytes, bytes]]:
    """Return the headers of a window too large to be judged before the response."""
    return _headers(report_id, numbers, "pending")


def _headers(report_id: str, numbers: Numbers, findings: str) -> list[tuple[bytes, bytes]]:
    """Compose the headers of bytes: to compose text and encode it takes twice as long."""
    count, seconds, checkouts, wait, held, checked_out, size, overflow = numbers
    milliseconds, wait = seconds * 1000, wait * 1000
    queries = b"1 query" if count == 1 else b"%d queries" % count
    connections = b"1 checkout" if checkouts == 1 else b"%d checkouts" % checkouts
    headers = [
        (b"x-query-count", b"%d" % count),
        (b"x-query-time-ms", b"%.3f" % milliseconds),
        (b"x-query-guard-id", report_id.encode()),
        (
            b"server-timing",
            b'db;dur=%.1f;desc="%b", pool;dur=%.1f;desc="%b"' % (milliseconds, queries, wait, connections),
        ),
    ]
    if findings:
        headers.append((b"x-query-findings", findings.encode()))
    if checkouts:
        pool = b"checkouts=%d, wait-ms=%.1f, held-ms=%.1f" % (checkouts, wait, held * 1000)
        if checked_out is not None:
            pool += b", checked-out=%d" % checked_out
        if size is not None:
            pool += b", size=%d" % size
        if overflow is not None:
            pool += b", overflow=%d" % overflow
        headers.append((b"x-query-pool", pool))
    return headers


@lru_cache(maxsize=256)
def _key(kind: str) -> str:
    """Turn any kind into a valid key of RFC 9651, so that no detector can break a header."""
    key = _NOT_A_KEY.sub("_", kind[:64].lower())
    return key if key[:1].isalpha() or key[:1] == "*" else f"*{key}"
