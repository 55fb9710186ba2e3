"""What counts as the same finding in two reports."""

from __future__ import annotations

from typing import Any

from query_guard.cli.differences import differences

HEAD = dict.fromkeys(
    ("id", "kind", "method", "route", "path", "status", "started_at", "duration_ms", "query_count", "query_time_ms")
)


def report(*findings: dict[str, Any]) -> dict[str, Any]:
    return {**HEAD, "dropped": 0, "statements": [], "findings": [*findings]}


def finding(line: int, relationship: str | None = "User.posts", function: str = "users") -> dict[str, Any]:
    return {"kind": "n_plus_one", "relationship": relationship, "function": function, "line": line}


def test_a_finding_is_the_same_on_another_line() -> None:
    changed = differences(report(finding(10)), report(finding(12)))
    assert changed["findings"] == {"gone": [], "new": [], "same": [finding(12)]}


def test_it_is_another_one_for_another_relationship_or_function() -> None:
    before, after = report(finding(10), finding(11)), report(finding(10, None), finding(11, function="posts"))
    assert differences(before, after)["findings"] == {
        "gone": before["findings"],
        "new": after["findings"],
        "same": [],
    }


def test_of_two_alike_one_may_be_gone() -> None:
    changed = differences(report(finding(10), finding(20)), report(finding(10)))
    assert changed["findings"] == {"gone": [finding(20)], "new": [], "same": [finding(10)]}
