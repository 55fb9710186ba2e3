"""--query-guard-try: tests with findings run again, with the options in place that these offer."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.pytest_plugin.application import TESTS, prepare, run, said

pytest_plugins = ["pytester"]

TRY = "--query-guard-try"
REPORT = (TRY, "--query-guard-report=report.json")
REMEDY = "selectinload(Author.books)"
FIX = f"    fix: Add .options({REMEDY}) to the select at app.py:N\n"
WORKS = {"before": 4, "after": 2, "outcome": "works"}


def findings_of(pytester: pytest.Pytester) -> dict[str, list[Any]]:
    """Return what the report says of the fix of each test that has findings."""
    tests = json.loads((pytester.path / "report.json").read_text())["tests"]
    return {
        test["test"].partition("::")[2]: [(one["remedy"], one["saves"], one["tried"]) for one in test["findings"]]
        for test in tests
        if test["findings"]
    }


def test_the_summary_and_the_reports_say_what_became_of_the_fix(pytester: pytest.Pytester) -> None:
    prepare(pytester)
    result = run(pytester, *REPORT, "--query-guard-report=report.md")
    result.assert_outcomes(passed=2)
    assert f"{FIX}    tried: 4 -> 2 statements\n" in said(result)
    assert findings_of(pytester) == {"test_lazy": [(REMEDY, 2, WORKS)]}
    assert "; tried: 4 -\\> 2 statements |" in (pytester.path / "report.md").read_text()


def test_a_test_that_fails_by_its_findings_says_it_below_its_message(pytester: pytest.Pytester) -> None:
    prepare(pytester)
    result = run(pytester, TRY, "--query-guard=fail")
    result.assert_outcomes(passed=1, failed=1)
    assert re.search(
        rf"-+ query_guard: tried -+\n{re.escape(REMEDY)} at app.py:N, tried: 4 -> 2 statements\n", said(result)
    )


def test_each_runs_twice_at_most_with_fixtures_of_its_own(pytester: pytest.Pytester) -> None:
    tests = """
import pytest
from app import lazy

made = []

@pytest.fixture
def thing():
    made.append("made")
    yield len(made)
    made.append("ended")

@pytest.fixture(scope="module", autouse=True)
def of_the_module():
    made.append("module")
    yield
    made.append("module ended")

def test_quiet(thing):
    assert made == ["module", "made"]

def test_lazy(thing, client):
    client.get("/lazy")
    assert made.count("made") in (2, 3)

def test_last(thing):
    assert made == ["module", "made", "ended", "made", "ended", "made", "ended", "made"]
"""
    prepare(pytester, tests)
    run(pytester, TRY).assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("second_run", "after", "why"),
    [
        ("raise LookupError", 2, "it ended with LookupError, not with success"),
        ("client.get('/eager'), client.get('/eager')", 6, "no statement was saved"),
    ],
)
def test_a_fix_that_fails_is_none_and_the_test_stays_as_it_was(
    pytester: pytest.Pytester, second_run: str, after: int, why: str
) -> None:
    tests = f"""
runs = []

def test_lazy(client):
    runs.append(1)
    client.get("/lazy")
    if len(runs) == 2:
        {second_run}
"""
    prepare(pytester, tests)
    result = run(pytester, *REPORT)
    result.assert_outcomes(passed=1)
    tried = {"before": 4, "after": after, "outcome": "fails", "why": why}
    assert findings_of(pytester) == {"test_lazy": [(None, 0, tried)]}
    assert (
        f"    fix: {REMEDY} on the select at app.py:N was tried and is no fix ({why}): load it in another way\n"
        f"    tried: 4 -> {after} statements, fails: {why}\n"
    ) in said(result)


def test_a_test_that_commits_is_left_alone_unless_that_is_asked_for(pytester: pytest.Pytester) -> None:
    prepare(pytester, "from app import add\n\ndef test_lazy(client):\n    add(1)\n    client.get('/lazy')\n")
    result = run(pytester, *REPORT)
    result.assert_outcomes(passed=1)
    assert (
        "not run again, since they have committed: test_app.py::test_lazy; where each test makes its own database, "
        "give --query-guard-try-commits\n"
    ) in said(result)
    assert [tried for _, _, tried in findings_of(pytester)["test_lazy"]] == [None]
    run(pytester, *REPORT, "--query-guard-try-commits").assert_outcomes(passed=1)
    ((_, _, tried),) = findings_of(pytester)["test_lazy"]
    assert tried["outcome"] == "works"


def test_fixtures_that_can_be_made_once_only_prove_nothing(pytester: pytest.Pytester) -> None:
    tests = """
import pytest

made = []

@pytest.fixture
def once():
    made.append(1)
    assert len(made) == 1

def test_lazy(once, client):
    client.get("/lazy")
"""
    prepare(pytester, tests)
    run(pytester, *REPORT).assert_outcomes(passed=1)
    why = "its fixtures could not be made, or not be ended, a second time"
    expected = {"before": 4, "after": None, "outcome": "unknown", "why": why}
    assert findings_of(pytester) == {"test_lazy": [(REMEDY, 2, expected)]}


def test_a_test_that_failed_already_is_tried_too(pytester: pytest.Pytester) -> None:
    prepare(pytester, "def test_lazy(client):\n    client.get('/lazy')\n    assert 1 == 2\n")
    result = run(pytester, *REPORT)
    result.assert_outcomes(failed=1)
    assert findings_of(pytester) == {"test_lazy": [(REMEDY, 2, WORKS)]}
    assert "assert 1 == 2" in said(result)


@pytest.mark.parametrize("off", ["--query-guard=off", "--pdb", "--setup-only"])
def test_where_it_is_off_nothing_runs_again(pytester: pytest.Pytester, off: str) -> None:
    prepare(
        pytester,
        "runs = []\n\ndef test_lazy(client):\n    runs.append(1)\n    client.get('/lazy')\n    assert len(runs) == 1\n",
    )
    assert run(pytester, TRY, off).ret == 0


@pytest.mark.once
def test_workers_of_xdist_try_and_the_summary_says_it(pytester: pytest.Pytester) -> None:
    prepare(pytester, TESTS)
    result = pytester.runpytest_subprocess("-n2", *REPORT, "--query-guard=fail")
    result.assert_outcomes(passed=1, failed=1)
    assert f"{REMEDY} at app.py:N, tried: 4 -> 2 statements\n" in said(result)
    assert findings_of(pytester) == {"test_lazy": [(REMEDY, 2, WORKS)]}


OTHER_KINDS = """
import unittest
import pytest
from sqlalchemy.orm import Session
from app import Author, Book, engine, lazy
from counting import books_of

class Case(unittest.TestCase):
    def test_of_unittest(self):
        lazy()

@pytest.mark.asyncio
async def test_awaited():
    lazy()

@pytest.fixture
def outer():
    with engine.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()

def test_rolled_back(outer):
    outer.add(Author(books=[Book()]))
    outer.commit()
    outer.expunge_all()
    assert books_of(outer) == [1, 1, 1, 1]
"""


def test_tests_of_other_kinds_run_again_too(pytester: pytest.Pytester) -> None:
    counting = (
        "from app import Author\n\ndef books_of(session):\n    return [len(a.books) for a in session.query(Author)]\n"
    )
    prepare(pytester, OTHER_KINDS, counting=counting)
    result = run(pytester, *REPORT)
    result.assert_outcomes(passed=3)
    tried = {test: [row[2]["outcome"] for row in rows] for test, rows in findings_of(pytester).items()}
    assert tried == {"Case::test_of_unittest": ["works"], "test_awaited": ["works"], "test_rolled_back": ["works"]}
