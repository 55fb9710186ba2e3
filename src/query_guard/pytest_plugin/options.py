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
        help="what to do about findings of the tests: nothing at all, list them, or fail the test; "
        "by default those of the application's own middleware are listed",
    )
    group.addoption(
        "--query-guard-baseline",
        dest="query_guard_baseline",
        metavar="PATH",
        help="fail only on what has grown since this file was written; written where it is missing",
    )
    group.addoption(
        "--query-guard-update-baseline",
        dest="query_guard_update_baseline",
        action="store_true",
        help="write the baseline anew; tests that do not run keep their entries",
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
        help="the kinds of findings that fail a test, with commas between them; by default all warnings and errors "
        "but those that measure time",
    )
    group.addoption(
        "--query-guard-require",
        dest="query_guard_require",
        action="store_true",
        help="fail tests that used a database past SQLAlchemy, where nothing could be seen",
    )
    parser.addini("query_guard_fail_on", "what --query-guard-fail-on says where it is not given", "args", [])
    parser.addini("query_guard_allow", "findings that are meant: PATTERN until DAY because REASON", "linelist", [])
    parser.addini("query_guard_reads", "note reads, and find eager loads that nobody reads", "bool", False)
    parser.addini("query_guard", "what --query-guard says where it is not given: off, warn or fail", default="")
