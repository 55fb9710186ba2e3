"""How much of a report is shown, and where it is cut."""

from __future__ import annotations

import json

import pytest

from query_guard.records import Finding
from query_guard.reporters.text import render
from query_guard.testing.outputs.markdown import markdown
from query_guard.testing.outputs.sarif import sarif
from tests.reports import facts_of, report_with, statement
from tests.runs import entry, run_of, told


def shapes(number: int) -> str:
    rows = [statement(n, fingerprint=str(n), duration=0.001 * n) for n in range(1, number + 1)]
    return render(report_with(facts=facts_of(*rows)))


def test_twelve_shapes_are_shown_the_dearest_first() -> None:
    assert "more shapes" not in shapes(12)
    lines = shapes(14).splitlines()
    assert lines[-1] == "  and 2 more shapes"
    assert [float(line.split()[2]) for line in lines[3:-1]] == [float(n) for n in range(14, 2, -1)]


@pytest.mark.parametrize(("length", "shown"), [(110, "x" * 110), (111, "x" * 109 + "\N{HORIZONTAL ELLIPSIS}")])
def test_a_summary_is_cut_after_110_characters(length: int, shown: str) -> None:
    text = render(report_with(Finding("wide", "warning", "x" * length, "Mend it")))
    assert f"  warning wide: {shown}\n" in text


@pytest.mark.parametrize(("length", "shown"), [(70, "x" * 70), (71, "x" * 69 + "\N{HORIZONTAL ELLIPSIS}")])
def test_a_statement_is_cut_after_70_characters(length: int, shown: str) -> None:
    text = render(report_with(facts=facts_of(statement(sql="x" * length))))
    assert text.splitlines()[-1] == f"     1 x      1.0 ms  {shown}  crud.py:31"


def test_failures_are_counted_at_their_shape() -> None:
    rows = (statement(1, error="IntegrityError"), statement(2), statement(3, error="IntegrityError"))
    assert render(report_with(facts=facts_of(*rows))).splitlines()[-1].endswith("crud.py:31 (2 failed)")


@pytest.mark.parametrize(("number", "more"), [(100, []), (103, ["and 3 more"])])
def test_a_hundred_findings_are_listed_in_a_summary(number: int, more: list[str]) -> None:
    findings = [told(place=f"app/crud.py:{n}", line=n) for n in range(number)]
    lines = markdown(run_of(entry("test_a", *findings))).splitlines()
    assert lines[0] == f"## query_guard: {number} findings, 3 statements in 1 test"
    assert len([line for line in lines if line.startswith("| n\\_plus\\_one")]) == 100
    assert [line for line in lines if line.startswith("and ")] == more


def test_a_result_names_twenty_tests_and_counts_all() -> None:
    log = json.loads(sarif(run_of(*[entry(f"test_{n}", told()) for n in range(21)])))
    (result,) = log["runs"][0]["results"]
    assert result["properties"]["tests"] == [f"test_{n}" for n in range(20)]
    assert result["occurrenceCount"] == 21


@pytest.mark.parametrize(("severity", "level"), [("info", "note"), ("warning", "warning"), ("error", "error")])
def test_each_severity_has_a_level(severity: str, level: str) -> None:
    log = json.loads(sarif(run_of(entry("test_a", told(severity=severity)))))
    assert [result["level"] for result in log["runs"][0]["results"]] == [level]
