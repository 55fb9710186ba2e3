"""What an agent is told of a report and of a comparison, and what it is told to do."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard.cli.compact import compact_differences, compact_report, next_step
from tests.cli.test_mcp import FINDING, report_of

MEND = "Change the code as 'fix' says, send the request again and call compare with the route."
PATCH = (
    "Run 'query-guard fix 0123456789abcdef' for a patch, or try_fix first; then apply it, send the request again and "
    "call compare with the route."
)


@pytest.mark.parametrize(
    ("findings", "told"),
    [
        ([], "Nothing was found. Compare it with an earlier report of its route if you have changed something."),
        ([FINDING], PATCH),
        ([{**FINDING, "edit": None}], MEND),
        ([{**FINDING, "remedy": None}], MEND),
        ([{**FINDING, "remedy": None}, {**FINDING, "edit": None}], MEND),
        ([{**FINDING, "edit": None}, FINDING], PATCH),
    ],
)
def test_a_patch_is_offered_where_a_finding_has_code_and_a_line(findings: list[Any], told: str) -> None:
    report = report_of(findings, [])
    assert next_step(report) == told
    assert compact_report(report)["next"] == told


def test_a_report_without_findings_or_statements_has_its_numbers() -> None:
    report = {"id": "a", "kind": "block", "path": "nightly import", "query_count": 7}
    assert compact_report(report) == {
        "id": "a", "route": "nightly import", "status": None, "statements": 7, "database_ms": None, "findings": [],
        "sql": [], "left_out": {"findings": 0, "shapes": 0},
        "next": "Nothing was found. Compare it with an earlier report of its route if you have changed something.",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["change", "trial"])
def test_a_change_and_a_trial_are_told_where_there_are_some(name: str) -> None:
    assert compact_report({**report_of([], []), name: {"of": "b"}})[name] == {"of": "b"}
    assert name not in compact_report({**report_of([], []), name: None})


@pytest.mark.parametrize(("length", "is_cut"), [(90, False), (91, True)])
def test_a_statement_is_one_line_of_ninety_characters(length: int, is_cut: bool) -> None:
    (row,) = compact_report(report_of([], ["a\n\n" + "b" * (length - 2)]))["sql"]
    assert row["sql"] == ("a " + "b" * 85 + "..." if is_cut else "a " + "b" * (length - 2))
    assert len(row["sql"]) == 90


@pytest.mark.parametrize(("length", "is_cut"), [(160, False), (161, True)])
def test_a_fix_is_one_line_of_a_hundred_and_sixty(length: int, is_cut: bool) -> None:
    (finding,) = compact_report(report_of([{**FINDING, "fix": "f" * length}], []))["findings"]
    assert finding["fix"] == ("f" * 157 + "..." if is_cut else "f" * length)


def kind(name: str) -> dict[str, Any]:
    return {**FINDING, "kind": name}


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"gone": [], "new": [], "same": []}, "All is well: run the tests."),
        ({"gone": [kind("a")], "new": [], "same": []}, "All is well: run the tests."),
        ({"gone": [], "new": [], "same": [kind("a")]}, "Findings are left: go on with those in 'same'."),
        (
            {"gone": [kind("a")], "new": [kind("b")], "same": [kind("c")]},
            "The change has new findings: fix them, or undo it.",
        ),
        ({"gone": [], "new": [kind("b")], "same": []}, "The change has new findings: fix them, or undo it."),
    ],
)
def test_a_comparison_says_what_to_do_next(found: dict[str, list[Any]], told: str) -> None:
    before, after = report_of([], []), {**report_of([], []), "query_count": 2, "query_time_ms": 0.5, "status": 500}
    compared = compact_differences({"before": before, "after": after, "findings": found})
    assert compared["next"] == told
    assert {name: [one["kind"] for one in compared[name]] for name in found} == {
        name: [one["kind"] for one in found[name]] for name in found
    }
    assert (compared["route"], compared["statements"], compared["database_ms"], compared["status"]) == (
        "GET /users", [50, 2], [3.5, 0.5], [200, 500],
    )  # fmt: skip


def test_a_comparison_tells_of_findings_what_to_mend_and_where_alone() -> None:
    changed = {"before": report_of([], []), "after": report_of([], []), "findings": {"gone": [], "new": [], "same": []}}
    changed["findings"]["new"] = [{**FINDING, "fix": "f" * 200}]
    (finding,) = compact_differences(changed)["new"]
    assert finding["fix"] == "f" * 157 + "..."
    assert not {"summary", "count"} & finding.keys()


def test_a_comparison_has_five_findings_of_each() -> None:
    seven = [kind(f"kind {number}") for number in range(7)]
    changed = {
        "before": report_of([], []),
        "after": report_of([], []),
        "findings": {"gone": [], "new": seven, "same": []},
    }
    assert [one["kind"] for one in compact_differences(changed)["new"]] == [f"kind {number}" for number in range(5)]
