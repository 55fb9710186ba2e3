"""The options of the command line and of the ini file, as `pytest --help` shows them."""

from __future__ import annotations

import pytest

from query_guard.pytest_plugin.settings import MODES


def add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("query_guard", "SQL statements of the tests")
    group.addoption(
        "--query-guard",
        dest="query_guard_mode",
        choices=MODES,
        help="what to do with findings in the tests: nothing, list them, or fail the test; "
        "by default only those of the application's own middleware are listed",
    )
    group.addoption(
        "--query-guard-baseline",
        dest="query_guard_baseline",
        metavar="PATH",
        help="fail only on what has grown since this file was written; a missing file is written",
    )
    group.addoption(
        "--query-guard-update-baseline",
        dest="query_guard_update_baseline",
        action="store_true",
        help="write the baseline again; tests that do not run keep their entries",
    )
    group.addoption(
        "--query-guard-report",
        dest="query_guard_reports",
        action="append",
        default=[],
        metavar="PATH",
        help="write what was found, as .json, .sarif or .md; may be repeated",
    )
    group.addoption(
        "--query-guard-fail-on",
        dest="query_guard_fail_on",
        metavar="KINDS",
        help="the kinds of findings that fail a test, separated by commas; by default all warnings and errors that do "
        "not measure time",
    )
    group.addoption(
        "--query-guard-require",
        dest="query_guard_require",
        action="store_true",
        help="fail tests that connected to a database without SQLAlchemy, whose statements cannot be seen",
    )
    group.addoption(
        "--query-guard-try",
        dest="query_guard_try",
        action="store_true",
        help="run each test that has findings once more, with the loader options in place that they offer, and say "
        "what became of it; records the tests as --query-guard=warn does",
    )
    group.addoption(
        "--query-guard-try-commits",
        dest="query_guard_try_commits",
        action="store_true",
        help="the same, also for tests that have committed what they wrote",
    )
    parser.addini("query_guard_fail_on", "the default of --query-guard-fail-on", "args", [])
    parser.addini("query_guard_allow", "findings that are allowed: PATTERN until DAY because REASON", "linelist", [])
    parser.addini("query_guard_reads", "note reads, and find eager loads that are never read", "bool", False)
    parser.addini("query_guard", "the default of --query-guard: off, warn or fail", default="")
