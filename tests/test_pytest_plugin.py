"""The fixture, in runs of pytest inside the run."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

APPLICATION = """
import threading
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import StaticPool

engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})

def send(number=1):
    with engine.connect() as connection:
        for n in range(number):
            connection.execute(text("SELECT :n"), {"n": n})
"""


def test_the_fixture_records_and_asserts(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        APPLICATION
        + """
def test_counts(query_guard):
    send(2)
    thread = threading.Thread(target=send)
    thread.start()
    thread.join()
    assert query_guard.query_count == 3
    assert len(query_guard.statements) == 3
    with query_guard.assert_num_queries(1):
        send()

def test_too_many(query_guard):
    with query_guard.assert_max_queries(1):
        send(2)

def test_a_loop(query_guard):
    with query_guard.assert_no_findings():
        send(3)
"""
    )
    result = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*expected at most 1 query, got 2:*", "*expected no findings, got 1:*"])


def test_the_marker_limits_the_test_and_not_its_fixtures(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        APPLICATION
        + """
@pytest.fixture
def arranged():
    send(5)
    yield
    send(5)

@pytest.mark.query_guard(max_queries=1)
def test_within(arranged):
    send(1)

@pytest.mark.query_guard(max_queries=1)
def test_beyond():
    send(2)

@pytest.mark.query_guard(max_queries=0)
def test_its_own_failure_wins():
    send(1)
    raise ValueError("own")

@pytest.mark.query_guard(limit=1)
def test_misspelt():
    pass
"""
    )
    result = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", "--strict-markers")
    result.assert_outcomes(passed=1, failed=3)
    result.stdout.fnmatch_lines(["*expected at most 1 query, got 2:*", "*ValueError: own*"])
    result.stdout.fnmatch_lines(
        ["*the marker query_guard takes max_queries=, max_time=, allow=, mode= and fail_on=, not 'limit'*"]
    )


def test_the_marker_allows_and_stale_allowances_are_listed(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        APPLICATION
        + """
from query_guard.testing import assert_no_findings

@pytest.mark.query_guard(allow=("n_plus_one", "Post.author"))
def test_allowed():
    with assert_no_findings():
        send(3)
"""
    )
    result = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*query_guard: allowances that matched nothing*", "*test_allowed: 'Post.author'"])
    result.stdout.no_fnmatch_line("*'n_plus_one'*")


def test_the_plugin_imports_nothing_heavy() -> None:
    code = (
        "import sys, query_guard.pytest_plugin; "
        "print([name for name in ('sqlalchemy', 'structlog', 'starlette') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_an_idle_run_imports_nothing_heavy(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_one():\n    pass\n")
    pytester.makeconftest(
        "import sys\ndef pytest_unconfigure():\n"
        "    print('heavy:', [n for n in ('sqlalchemy', 'structlog', 'starlette') if n in sys.modules])\n"
    )
    result = pytester.runpytest_subprocess("-q", "-s", "-p", "no:cacheprovider")
    result.stdout.fnmatch_lines(["heavy: []"])
    result.stdout.no_fnmatch_line("*query_guard*")


def test_a_budget_holds_in_the_test_that_first_imports_the_application(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        app=APPLICATION
        + """
from fastapi import FastAPI
from query_guard import QueryGuard, query_budget

app = FastAPI()
app.add_middleware(QueryGuard, reporters=[])

@app.get("/")
@query_budget(max_queries=1)
def over():
    send(2)
""",
        test_it="""
def test_over():
    from starlette.testclient import TestClient
    from app import app
    TestClient(app).get("/")
""",
    )
    result = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["expected at most 1 query of GET /, its budget, got 2:"])
