"""What differs between two reports, as data."""

from __future__ import annotations

from collections import Counter
from typing import Any

from query_guard.cli.failure import Failure
from query_guard.records import LastingName

_FIELDS = (
    "id",
    "kind",
    "method",
    "route",
    "path",
    "status",
    "started_at",
    "duration_ms",
    "query_count",
    "query_time_ms",
    "dropped",
)


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return head, findings and statements of two reports as JSON has them.

    `findings` are those that are `gone`, `new` and the `same`; `statements` are the shapes whose number differs.
    Raises Failure for a report of another version.
    """
    for report in (before, after):
        _check(report)
    new, same = _apart(after["findings"], before["findings"])
    gone, _ = _apart(before["findings"], after["findings"])
    return {
        "before": {name: before[name] for name in _FIELDS},
        "after": {name: after[name] for name in _FIELDS},
        "findings": {"gone": gone, "new": new, "same": same},
        "statements": _shapes(before["statements"], after["statements"]),
    }


def _check(report: dict[str, Any]) -> None:
    missing = [name for name in (*_FIELDS, "findings", "statements") if name not in report]
    if missing:
        raise Failure(
            f"expected a report as this version makes it, and {report.get('id')!r} lacks {', '.join(missing)}; "
            "use the same version of query_guard here and in the application"
        )


def _apart(
    findings: list[dict[str, Any]], others: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the findings that the other report lacks, and those that it has, too."""
    left = Counter(map(_identity, others))
    lacked: list[dict[str, Any]] = []
    had: list[dict[str, Any]] = []
    for finding in findings:
        identity = _identity(finding)
        (had if left[identity] > 0 else lacked).append(finding)
        left[identity] -= 1
    return lacked, had


def _identity(finding: dict[str, Any]) -> tuple[Any, ...]:
    """Return what a finding keeps when the code around it is edited: not its line."""
    return tuple(finding[name] for name in LastingName._fields)


def _shapes(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[dict[str, Any]]:
    texts = {row["fingerprint"]: row["sql"] for row in (*before, *after)}
    earlier, later = (Counter(row["fingerprint"] for row in rows) for rows in (before, after))
    return [
        {"fingerprint": shape, "sql": sql, "before": earlier[shape], "after": later[shape]}
        for shape, sql in texts.items()
        if earlier[shape] != later[shape]
    ]
