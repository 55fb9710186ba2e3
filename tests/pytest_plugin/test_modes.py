"""What --query-guard does: off, warn, fail and nothing said."""

from __future__ import annotations

import pytest

from tests.pytest_plugin.application import AUTHORS, BOOKS, LOOP, prepare, run, said

pytest_plugins = ["pytester"]

SUMMARY = "query_guard: findings of the application's middleware"
BUDGET = f"""\
expected at most 2 queries of GET /over, its budget, got 4:
  3 x {BOOKS} [Author.books]
      app.py:N in lazy
  1 x {AUTHORS}
      app.py:N in lazy
  n_plus_one: Author.books was loaded 3 times, once for each object of a loop: {BOOKS}
    at app.py:N in lazy
    called from app.py:N in over
    fix: Add .options(selectinload(Author.books)) to the select at app.py:N
"""
LAZY = "def test_lazy(client):\n    client.get('/lazy')\n"
WRONG = "def test_wrong():\n    pass\n"
OVER = "def test_over(client):\n    client.get('/over')\n"


def test_by_default_the_middlewares_findings_are_listed(pytester: pytest.Pytester) -> None:
    prepare(pytester)
    result = run(pytester)
    result.assert_outcomes(passed=2)
    assert f"{SUMMARY} " in said(result)
    line = "n_plus_one Author.books on GET /lazy at app.py:N: once in 1 test; the fix saves 2 statements"
    assert f"\n{line}\n" in said(result)


def test_where_nothing_is_found_nothing_is_said(pytester: pytest.Pytester) -> None:
    prepare(pytester, "def test_eager(client):\n    client.get('/within')\n")
    assert "query_guard:" not in said(run(pytester))


def test_a_route_over_its_budget_fails_the_test_that_called_it(pytester: pytest.Pytester) -> None:
    prepare(pytester, OVER + "def test_within(client):\n    client.get('/within')\n")
    result = run(pytester)
    result.assert_outcomes(passed=1, failed=1)
    assert f"_\n{BUDGET}-" in said(result)


@pytest.mark.parametrize("mode", ["warn", "fail"])
def test_budgets_hold_in_other_modes_too(pytester: pytest.Pytester, mode: str) -> None:
    prepare(pytester, OVER)
    result = run(pytester, f"--query-guard={mode}")
    result.assert_outcomes(failed=1)
    assert BUDGET in said(result)


def test_a_budget_counts_the_requests_that_exceeded_it(pytester: pytest.Pytester) -> None:
    prepare(pytester, "def test_over(client):\n    client.get('/over')\n    client.get('/over')\n")
    assert "expected at most 2 queries of GET /over, its budget, got 4 (and too many in 2 requests):\n" in said(
        run(pytester)
    )


def test_an_allowed_budget_may_be_exceeded(pytester: pytest.Pytester) -> None:
    prepare(pytester, "import pytest\n@pytest.mark.query_guard(allow=('statement_budget',))\n" + OVER)
    run(pytester).assert_outcomes(passed=1)


def test_budgets_do_not_bind_fixtures(pytester: pytest.Pytester) -> None:
    fixture = "import pytest\n@pytest.fixture\ndef called(client):\n    client.get('/over')\n"
    prepare(pytester, fixture + "def test_it(called):\n    pass\n")
    run(pytester).assert_outcomes(passed=1)


def test_off_leaves_only_the_marker(pytester: pytest.Pytester) -> None:
    marked = (
        "import pytest\n@pytest.mark.query_guard(max_queries=1)\ndef test_marked(client):\n    client.get('/eager')\n"
    )
    prepare(pytester, OVER + marked)
    result = run(pytester, "--query-guard=off")
    result.assert_outcomes(passed=1, failed=1)
    assert "expected at most 1 query, got 2:" in said(result)
    assert "query_guard: " not in said(result)


def test_warn_lists_findings_with_fixes(pytester: pytest.Pytester) -> None:
    prepare(pytester, ini="filterwarnings = error")
    result = run(pytester, "--query-guard=warn")
    result.assert_outcomes(passed=2)
    assert (
        "\nn_plus_one Author.books on GET /lazy at app.py:N: once in 1 test; the fix saves 2 statements\n"
        "    fix: Add .options(selectinload(Author.books)) to the select at app.py:N\n"
        "    in test_app.py::test_lazy\n"
    ) in said(result)


def test_fail_fails_the_test_and_says_why(pytester: pytest.Pytester) -> None:
    prepare(pytester)
    result = run(pytester, "--query-guard=fail")
    result.assert_outcomes(passed=1, failed=1)
    assert f"_\nexpected no findings, got 1:\n{LOOP}=" in said(result)
    assert SUMMARY not in said(result)


def test_equal_findings_of_a_route_are_said_once(pytester: pytest.Pytester) -> None:
    prepare(pytester, "def test_lazy(client):\n    client.get('/lazy')\n    client.get('/lazy')\n")
    assert "expected no findings, got 1:" in said(run(pytester, "--query-guard=fail"))
    assert "    on GET /lazy (2 times)\n" in said(run(pytester, "--query-guard=fail"))


def test_fail_sees_what_no_request_sends(pytester: pytest.Pytester) -> None:
    prepare(pytester, "from app import lazy\ndef test_lazy():\n    lazy()\n")
    result = run(pytester, "--query-guard=fail")
    result.assert_outcomes(failed=1)
    assert f"expected no findings, got 1:\n{LOOP.replace('    on GET /lazy' + chr(10), '')}".replace(
        "    fix", "    called from test_app.py:N in test_lazy\n    fix"
    ) in said(result)


def test_the_tests_own_failure_wins(pytester: pytest.Pytester) -> None:
    prepare(pytester, "def test_lazy(client):\n    client.get('/lazy')\n    assert 1 == 2\n")
    result = run(pytester, "--query-guard=fail")
    result.assert_outcomes(failed=1)
    shown = said(result)
    assert "E       assert 1 == 2" in shown
    assert f"Captured query_guard call ---------------------------\nexpected no findings, got 1:\n{LOOP}" in shown
    assert "FAILED test_app.py::test_lazy - assert 1 == 2" in shown


def test_a_skipped_and_an_expected_failure_stay_what_they_are(pytester: pytest.Pytester) -> None:
    prepare(
        pytester,
        "import pytest\n"
        "def test_skipped(client):\n    client.get('/lazy')\n    pytest.skip('later')\n"
        "@pytest.mark.xfail(strict=True)\ndef test_expected(client):\n    client.get('/lazy')\n",
    )
    run(pytester, "--query-guard=fail").assert_outcomes(skipped=1, xfailed=1)


def test_the_ini_file_says_it_and_the_command_line_wins(pytester: pytest.Pytester) -> None:
    prepare(pytester, ini="query_guard = fail")
    run(pytester).assert_outcomes(passed=1, failed=1)
    run(pytester, "--query-guard=warn").assert_outcomes(passed=2)


def test_the_marker_says_it_for_one_test(pytester: pytest.Pytester) -> None:
    marked = "import pytest\n@pytest.mark.query_guard(mode={!r})\n"
    prepare(pytester, marked.format("off") + OVER + marked.format("fail") + LAZY + marked.format("strict") + WRONG)
    result = run(pytester, "--query-guard=warn")
    result.assert_outcomes(passed=1, failed=2)
    assert "the mode of the marker query_guard must be off, warn or fail, not 'strict'" in said(result)
    run(pytester, "--query-guard=off").assert_outcomes(passed=2, failed=1)


def test_a_wrong_mode_is_refused(pytester: pytest.Pytester) -> None:
    prepare(pytester, ini="query_guard = strict")
    result = run(pytester)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: the ini option query_guard must be off, warn or fail, not 'strict'"])


@pytest.mark.parametrize("mode", ["warn", "fail"])
def test_it_says_when_nothing_was_recorded(pytester: pytest.Pytester, mode: str) -> None:
    prepare(pytester, "def test_one():\n    pass\ndef test_two():\n    pass\n")
    assert (
        f"\n--query-guard={mode}, but nothing could be seen in 2 tests: is the engine used in this process?\n"
        in said(run(pytester, f"--query-guard={mode}"))
    )


def test_an_expired_allowance_allows_no_longer_and_says_so(pytester: pytest.Pytester) -> None:
    prepare(
        pytester,
        "import pytest\nfrom query_guard import Allowance\n"
        "@pytest.mark.query_guard(allow=[Allowance('Author.books', reason='one book each', until='2020-01-31')])\n"
        "def test_expired(client):\n    client.get('/lazy')\n"
        "@pytest.mark.query_guard(allow=[Allowance('Author.books', reason='one book each', until='9999-01-31')])\n"
        "def test_allowed(client):\n    client.get('/lazy')\n"
        "@pytest.mark.query_guard(allow=[Allowance('Author.name', until='2020-01-31')])\n"
        "def test_stale(client):\n    client.get('/eager')\n",
    )
    result = run(pytester, "--query-guard=fail")
    result.assert_outcomes(passed=2, failed=1)
    shown = said(result)
    assert (
        "    fix: Add .options(selectinload(Author.books)) to the select at app.py:N; the allowance 'Author.books' "
        "(one book each) expired on 2020-01-31: renew it, or fix this\n"
    ) in shown
    assert "query_guard: allowances that matched nothing" in shown
    assert "\ntest_app.py::test_stale: 'Author.name'\n" in shown


def test_unittest_is_held_without_its_set_up_and_tear_down(pytester: pytest.Pytester) -> None:
    prepare(
        pytester,
        "import unittest\nfrom starlette.testclient import TestClient\nfrom app import app, lazy\n"
        "class Sync(unittest.TestCase):\n"
        "    def setUp(self):\n        lazy()\n        TestClient(app).get('/over')\n"
        "    def tearDown(self):\n        lazy()\n"
        "    def test_quiet(self):\n        pass\n"
        "    def test_loud(self):\n        lazy()\n"
        "    @unittest.expectedFailure\n    def test_expected(self):\n        lazy()\n"
        "class Async(unittest.IsolatedAsyncioTestCase):\n"
        "    async def asyncSetUp(self):\n        lazy()\n"
        "    async def test_quiet(self):\n        pass\n"
        "    async def test_loud(self):\n        lazy()\n",
    )
    result = run(pytester, "--query-guard=fail")
    result.assert_outcomes(passed=2, failed=2, xfailed=1)
    result.stdout.fnmatch_lines(["FAILED test_app.py::Sync::test_loud *", "FAILED test_app.py::Async::test_loud *"])
