"""What the kept reports say together: of each route, and of each shape of statement."""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import Any

from query_guard.document.fields import milliseconds
from query_guard.records import Report, grouped


def by_route(reports: list[Report]) -> list[dict[str, Any]]:
    """Return the routes, those that spent most time in the database first."""
    groups = grouped(reports, lambda report: (report.request.method, report.request.route))
    rows = [
        {
            "method": method,
            "route": route,
            "requests": len(same),
            "query_count_median": median(report.query_count for report in same),
            "query_count_max": max(report.query_count for report in same),
            "query_time_ms": milliseconds(sum(report.facts.query_time for report in same)),
            "peak_connections": max(report.facts.peak_connections for report in same),
            "wait_ms": milliseconds(sum(report.facts.wait_time for report in same)),
            "held_ms": milliseconds(sum(report.facts.held_time for report in same)),
            "findings": dict(Counter(finding.kind for report in same for finding in report.findings)),
        }
        for (method, route), same in groups.items()
    ]
    return sorted(rows, key=lambda row: -row["query_time_ms"])


def by_statement(reports: list[Report]) -> list[dict[str, Any]]:
    """Return the shapes of statements, those that took most time first."""
    sent = [(report, row) for report in reports for row in report.facts.statements]
    rows = []
    for fingerprint, same in grouped(sent, lambda pair: pair[1].fingerprint).items():
        times = [row.duration for _, row in same]
        rows.append(
            {
                "fingerprint": fingerprint,
                "sql": same[0][1].sql,
                "operation": same[0][1].operation,
                "count": len(same),
                "total_ms": milliseconds(sum(times)),
                "median_ms": milliseconds(median(times)),
                "max_ms": milliseconds(max(times)),
                "routes": sorted({report.request.name for report, _ in same}),
            }
        )
    return sorted(rows, key=lambda row: -row["total_ms"])
