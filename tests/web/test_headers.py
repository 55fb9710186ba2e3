"""Headers of hand-made reports; what a real response carries is tested with the middleware."""

from __future__ import annotations

import pytest

from query_guard.records import Finding, Numbers, Pool, Report
from query_guard.web.headers import counted_headers, empty_headers, pending_headers, report_headers
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


@pytest.mark.parametrize(("count", "queries"), [(1, b"1 query"), (2, b"2 queries")])
def test_a_request_that_was_only_counted_says_nothing_of_its_pool(count: int, queries: bytes) -> None:
    assert counted_headers("0123", count, 0.0125) == [
        (b"x-query-count", b"%d" % count),
        (b"x-query-time-ms", b"12.500"),
        (b"x-query-guard-id", b"0123"),
        (b"server-timing", b'db;dur=12.5;desc="%b"' % queries),
    ]


def test_all_numbers_of_a_report() -> None:
    assert report_headers("0123", Numbers(2, 0.0125, 3, 0.25, 0.5, 4, 5, 6), []) == [
        (b"x-query-count", b"2"),
        (b"x-query-time-ms", b"12.500"),
        (b"x-query-guard-id", b"0123"),
        (b"server-timing", b'db;dur=12.5;desc="2 queries", pool;dur=250.0;desc="3 checkouts"'),
        (b"x-query-pool", b"checkouts=3, wait-ms=250.0, held-ms=500.0, checked-out=4, size=5, overflow=6"),
    ]


@pytest.mark.parametrize(("wait", "shown"), [(0.0, b"0.0"), (0.00004, b"0.0"), (0.00006, b"0.1"), (0.001, b"1.0")])
def test_a_wait_is_shown_in_tenths_of_a_millisecond(wait: float, shown: bytes) -> None:
    headers = dict(report_headers("0", Numbers(1, 0.0, 1, wait, 0.0), []))
    assert headers[b"server-timing"].endswith(b'pool;dur=%b;desc="1 checkout"' % shown)
    assert headers[b"x-query-pool"] == b"checkouts=1, wait-ms=%b, held-ms=0.0" % shown


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("n_plus_one", "n_plus_one"),
        ("Own.Kind-2*", "own.kind-2*"),
        ("2_many", "*2_many"),
        ("*", "*"),
        ("*own", "*own"),
        ("", "*"),
        ("_own", "*_own"),
        ("\u00fcber", "*_ber"),
        ("k" * 65, "k" * 64),
    ],
)
def test_each_kind_is_a_key(kind: str, key: str) -> None:
    findings = [Finding(kind, "warning", "summary", "fix")] * 2
    assert dict(report_headers("0", Numbers(1, 0.0), findings))[b"x-query-findings"] == f"{key}=2".encode()


def test_kinds_are_in_the_order_of_their_names() -> None:
    findings = [Finding(kind, "warning", "summary", "fix") for kind in ("pool_wait", "n_plus_one", "pool_wait")]
    headers = dict(report_headers("0", Numbers(1, 0.0), findings))
    assert headers[b"x-query-findings"] == b"n_plus_one=1, pool_wait=2"
