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
    """Return the headers of a request that has not touched a database."""
    return (_NO_COUNT, _NO_TIME, (b"x-query-guard-id", report_id.encode("ascii")), _NO_TIMING)


_NO_COUNT = (b"x-query-count", b"0")
_NO_TIME = (b"x-query-time-ms", b"0.000")
_NO_TIMING = (b"server-timing", b'db;dur=0.0;desc="0 queries", pool;dur=0.0;desc="0 checkouts"')


def pending_headers(report_id: str, numbers: Numbers) -> list[tuple[bytes, bytes]]:
    """Return the headers of a window too large to be judged before the response."""
    return _headers(report_id, numbers, "pending")


def _headers(report_id: str, numbers: Numbers, findings: str) -> list[tuple[bytes, bytes]]:
    count, seconds, checkouts, wait, held, checked_out, size, overflow = numbers
    milliseconds, wait = seconds * 1000, wait * 1000
    queries = "1 query" if count == 1 else f"{count} queries"
    times = "1 checkout" if checkouts == 1 else f"{checkouts} checkouts"
    headers = [
        (b"x-query-count", b"%d" % count),
        (b"x-query-time-ms", b"%.3f" % milliseconds),
        (b"x-query-guard-id", report_id.encode("ascii")),
        (
            b"server-timing",
            f'db;dur={milliseconds:.1f};desc="{queries}", pool;dur={wait:.1f};desc="{times}"'.encode("ascii"),
        ),
    ]
    if findings:
        headers.append((b"x-query-findings", findings.encode("ascii")))
    if checkouts:
        pool = f"checkouts={checkouts}, wait-ms={wait:.1f}, held-ms={held * 1000:.1f}"
        if checked_out is not None:
            pool += f", checked-out={checked_out}"
        if size is not None:
            pool += f", size={size}"
        if overflow is not None:
            pool += f", overflow={overflow}"
        headers.append((b"x-query-pool", pool.encode("ascii")))
    return headers


@lru_cache(maxsize=256)
def _key(kind: str) -> str:
    """Make any kind a key of RFC 9651, so that no detector can break a header."""
    key = _NOT_A_KEY.sub("_", kind.lower())
    return key if key[:1].isalpha() or key[:1] == "*" else f"*{key}"
