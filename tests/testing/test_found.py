"""Equal findings are told once, with their number."""

from __future__ import annotations

from query_guard import Finding
from query_guard.testing.found import Found, gathered
from tests.reports import SITE


def finding(summary: str, kind: str = "n_plus_one", severity: str = "warning") -> Finding:
    return Finding(kind, severity, summary, "Mend it", site=SITE)  # type: ignore[arg-type]  # a Severity


def test_the_first_of_equal_findings_stands_for_all() -> None:
    three, four, other = finding("3 times"), finding("4 times"), finding("late", "slow_statement")
    pairs = [
        ("GET /", three),
        ("GET /", four),
        ("GET /", other),
        ("GET /b", four),
        ("GET /", finding("x", "y", "info")),
    ]
    assert gathered(pairs) == [Found("GET /", three, 2), Found("GET /", other, 1), Found("GET /b", four, 1)]
