"""Headers of hand-made reports; what a real response carries is tested with the middleware."""

from __future__ import annotations

from query_guard.records import Pool, Report
from query_guard.web.headers import empty_headers, pending_headers, report_headers
from tests.reports import ENGINE, checkout, facts_of, report_with, statement


def of_report(report: Report) -> list[tuple[bytes, bytes]]:
    return report_headers(report.id, report.facts.numbers, report.loud_findings)


def test_an_untouched_database_has_the_headers_of_an_empty_report() -> None:
    assert list(empty_headers("0123456789abcdef")) == list(of_report(report_with()))


def test_the_pool_is_the_one_with_most_checkouts_and_shows_the_numbers_it_has() -> None:
    facts = facts_of(
        statement(),
        checkouts=(checkout(pool=1), checkout(pool=2, wait=0.0512, hold=0.0041), checkout(pool=2, hold=0.001)),
        pools=(Pool(1, ENGINE, "NullPool", None, None, None), Pool(2, ENGINE, "QueuePool", 5, 1, 0)),
    )
    headers = dict(of_report(report_with(facts=facts)))
    assert headers[b"x-query-pool"] == b"checkouts=2, wait-ms=51.2, held-ms=5.1, checked-out=1, size=5, overflow=0"
    assert headers[b"server-timing"] == b'db;dur=1.0;desc="1 query", pool;dur=51.2;desc="2 checkouts"'


def test_numbers_that_a_pool_does_not_have_are_left_out() -> None:
    facts = facts_of(checkouts=(checkout(),), pools=(Pool(1, ENGINE, "NullPool", None, None, None),))
    assert dict(of_report(report_with(facts=facts)))[b"x-query-pool"] == b"checkouts=1, wait-ms=0.0, held-ms=100.0"


def test_a_large_report_says_that_its_findings_are_pending() -> None:
    headers = dict(pending_headers("0", facts_of(query_count=501).numbers))
    assert (headers[b"x-query-count"], headers[b"x-query-findings"]) == (b"501", b"pending")
