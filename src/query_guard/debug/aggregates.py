"""Sums over the reports that are kept: for each route, and for each shape of statement."""

from __future__ import annotations

from collections import Counter, defaultdict
from math import ceil
from statistics import median
from typing import Any, TypeVar

from query_guard.document.fields import milliseconds, moment
from query_guard.records import Report, grouped

_Number = TypeVar("_Number", int, float)


def by_route(reports: list[Report]) -> list[dict[str, Any]]:
    """Return a row for each route, the one with most time in the database first."""
    groups = grouped(reports, lambda report: (report.request.method, report.request.route))
    rows = [
        {
            "method": method,
            "route": route,
            "requests": len(of_route),
            "sampled": sampled_of(of_route),
            "query_count_median": median(report.query_count for report in of_route),
            "query_count_p95": p95([report.query_count for report in of_route]),
            "query_count_max": max(report.query_count for report in of_route),
            "query_time_ms": milliseconds(sum(report.facts.query_time for report in of_route)),
            "query_time_median_ms": milliseconds(median(report.facts.query_time for report in of_route)),
            "query_time_p95_ms": milliseconds(p95([report.facts.query_time for report in of_route])),
            "peak_connections": max(report.facts.peak_connections for report in of_route),
            "wait_ms": milliseconds(sum(report.facts.wait_time for report in of_route)),
            "wait_median_ms": milliseconds(median(report.facts.wait_time for report in of_route)),
            "wait_p95_ms": milliseconds(p95([report.facts.wait_time for report in of_route])),
            "held_ms": milliseconds(sum(report.facts.held_time for report in of_route)),
            "findings": _kinds_of(of_route),
            "seen": first_and_last_seen(of_route),
            "worst": max(of_route, key=lambda report: (report.query_count, report.facts.query_time)).id,
        }
        for (method, route), of_route in groups.items()
    ]
    return sorted(rows, key=lambda row: -row["query_time_ms"])


def sampled_of(reports: list[Report]) -> int:
    """Return how many of the requests were recorded in detail."""
    return sum(report.sampled for report in reports)


def _kinds_of(reports: list[Report]) -> dict[str, int] | None:
    """Return how often each kind was found; None where nothing was, and no request was recorded in detail."""
    kinds = dict(Counter(finding.kind for report in reports for finding in report.findings))
    return kinds or ({} if sampled_of(reports) else None)


def p95(values: list[_Number]) -> _Number:
    """Return the smallest value that 95 of 100 do not exceed."""
    return sorted(values)[ceil(0.95 * len(values)) - 1]


def first_and_last_seen(reports: list[Report]) -> dict[str, dict[str, str]]:
    """Return for each kind of finding when the first and the last request with it began."""
    times: dict[str, list[float]] = defaultdict(list)
    for report in reports:
        for finding in report.findings:
            times[finding.kind].append(report.started_at)
    return {kind: {"first": moment(min(at)), "last": moment(max(at))} for kind, at in times.items()}


def by_statement(reports: list[Report]) -> list[dict[str, Any]]:
    """Return a row for each shape of statement, the one that took most time first."""
    sent = [(report, row) for report in reports for row in report.facts.statements]
    rows = []
    for fingerprint, executions in grouped(sent, lambda pair: pair[1].fingerprint).items():
        times = [row.duration for _, row in executions]
        rows.append(
            {
                "fingerprint": fingerprint,
                "sql": executions[0][1].sql,
                "operation": executions[0][1].operation,
                "count": len(executions),
                "total_ms": milliseconds(sum(times)),
                "median_ms": milliseconds(median(times)),
                "max_ms": milliseconds(max(times)),
                "routes": sorted({report.request.name for report, _ in executions}),
            }
        )
    return sorted(rows, key=lambda row: -row["total_ms"])
