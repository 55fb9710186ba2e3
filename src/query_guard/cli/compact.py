"""Reports cut down to what an agent needs: findings with line and remedy, few statements, no values, and what to do."""

from __future__ import annotations

from collections import Counter
from typing import Any

from query_guard.cli.reports import name_of

FINDINGS, STATEMENTS, LONGEST = 5, 3, 90


def compact_report(report: dict[str, Any], *, details: bool = False) -> dict[str, Any]:
    """Return the head of a report, its findings and its most frequent statements; with `details`, all of both."""
    limit = None if details else FINDINGS
    findings = report.get("findings", [])
    shapes = Counter(str(row["sql"]) for row in report.get("statements", []))
    most = shapes.most_common(None if details else STATEMENTS)
    return {
        "id": report["id"],
        "route": name_of(report),
        "status": report.get("status"),
        "statements": report["query_count"],
        "database_ms": report.get("query_time_ms"),
        "findings": [_finding(finding, details=details) for finding in findings[:limit]],
        "sql": [{"times": times, "sql": _shortened(sql, details=details)} for sql, times in most],
        "left_out": {"findings": len(findings[len(findings[:limit]) :]), "shapes": len(shapes) - len(most)},
        **{name: report[name] for name in ("change", "trial") if report.get(name)},
        "next": next_step(report),
    }


def next_step(report: dict[str, Any]) -> str:
    """Say what to do about a report."""
    findings = report.get("findings", [])
    if not findings:
        return "Nothing was found. Compare it with an earlier report of its route if you have changed something."
    with_code = [finding for finding in findings if finding.get("remedy") and finding.get("edit")]
    if with_code:
        return (
            f"Run 'query-guard fix {report['id']}' for a patch, or try_fix first; then apply it, send the request "
            "again and call compare with the route."
        )
    return "Change the code as 'fix' says, send the request again and call compare with the route."


def compact_differences(changed: dict[str, Any]) -> dict[str, Any]:
    """Return what differs between two reports, as `differences` gives it."""
    before, after, findings = changed["before"], changed["after"], changed["findings"]
    return {
        "route": name_of(after),
        "statements": [before["query_count"], after["query_count"]],
        "database_ms": [before["query_time_ms"], after["query_time_ms"]],
        "status": [before["status"], after["status"]],
        **{name: [_finding(finding, details=False) for finding in findings[name][:FINDINGS]] for name in findings},
        "next": _after(findings),
    }


def _after(findings: dict[str, list[Any]]) -> str:
    if findings["new"]:
        return "The change has new findings: fix them, or undo it."
    return "Findings are left: go on with those in 'same'." if findings["same"] else "All is well: run the tests."


def _finding(finding: dict[str, Any], *, details: bool) -> dict[str, Any]:
    edit = finding.get("edit")
    short = {
        "kind": finding["kind"],
        "severity": finding["severity"],
        "relationship": finding.get("relationship"),
        "at": f"{finding['file']}:{finding['line']}" if finding.get("file") else finding.get("phase"),
        "in": finding.get("function"),
        "remedy": finding.get("remedy"),
        "edit": f"{edit['file']}:{edit['line']}" if edit else None,
        "fix": finding["fix"] if details else _shortened(finding["fix"], 160),
        "tried": finding.get("tried"),
    }
    if details:
        short |= {"summary": finding["summary"], "count": finding["count"]}
    return {name: value for name, value in short.items() if value is not None}


def _shortened(text: str, longest: int = LONGEST, *, details: bool = False) -> str:
    line = " ".join(text.split())
    return line if details or len(line) <= longest else f"{line[: longest - 3]}..."
