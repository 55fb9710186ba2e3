"""A report as response headers (RFC 9651 dictionaries, Server-Timing): counts, kinds and times, never SQL, values or
a DSN.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from query_guard.records import Finding, Numbers, count_kinds

_NOT_A_KEY = re.compile(r"[^a-z0-9_\-.*]")
_LEAST_SHOWN = 0.00005
"""Seconds of a wait that is written; most requests wait for less, and to write 0.0 each time would take longer."""


def report_headers(report_id: str, numbers: Numbers, findings: Sequence[Finding]) -> list[tuple[bytes, bytes]]:
    """Return the headers of a window whose statements have been judged."""
    if not findings:
        return _headers(report_id, numbers, "")
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
    milliseconds = seconds * 1000
    waited = b"%.1f" % (wait * 1000) if wait >= _LEAST_SHOWN else b"0.0"
    queries = b"1 query" if count == 1 else b"%d queries" % count
    connections = b"1 checkout" if checkouts == 1 else b"%d checkouts" % checkouts
    headers = [
        (b"x-query-count", b"%d" % count),
        (b"x-query-time-ms", b"%.3f" % milliseconds),
        (b"x-query-guard-id", report_id.encode()),
        (
            b"server-timing",
            b'db;dur=%.1f;desc="%b", pool;dur=%b;desc="%b"' % (milliseconds, queries, waited, connections),
        ),
    ]
    if findings:
        headers.append((b"x-query-findings", findings.encode()))
    if checkouts:
        pool = b"checkouts=%d, wait-ms=%b, held-ms=%.1f%b" % (
            checkouts, waited, held * 1000, _of_pool(checked_out, size, overflow)
        )  # fmt: skip
        headers.append((b"x-query-pool", pool))
    return headers


@lru_cache(maxsize=256)
def _of_pool(checked_out: int | None, size: int | None, overflow: int | None) -> bytes:
    numbers = {b"checked-out": checked_out, b"size": size, b"overflow": overflow}
    return b"".join([b", %b=%d" % (name, number) for name, number in numbers.items() if number is not None])


@lru_cache(maxsize=256)
def _key(kind: str) -> str:
    """Turn any kind into a valid key of RFC 9651, so that no detector can break a header."""
    key = _NOT_A_KEY.sub("_", kind[:64].lower())
    return key if key[:1].isalpha() or key[:1] == "*" else f"*{key}"
