"""Right beside other plugins, and in each way to call an application."""

from __future__ import annotations

import json

import pytest

from tests.pytest_plugin.application import prepare, run, said

pytest_plugins = ["pytester"]

QUICK = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
TWELVE = """
import pytest

@pytest.mark.parametrize("number", range(6))
def test_lazy(client, number):
    client.get("/lazy")

@pytest.mark.parametrize("number", range(6))
def test_eager(client, number):
    client.get("/eager")

@pytest.mark.query_guard(allow=("Author.name",))
def test_stale(client):
    pass
"""
ASYNC_CLIENT = """
import httpx
import pytest
from app import app, lazy, over

async def get(path):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        await client.get(path)
"""


def test_xdist_judges_in_workers_and_tells_in_one_place(pytester: pytest.Pytester) -> None:
    prepare(pytester, TWELVE)
    options = ("-n2", *QUICK)
    result = pytester.runpytest_subprocess(*options, "--query-guard=fail")
    result.assert_outcomes(passed=7, failed=6)
    assert "\ntest_app.py::test_stale: 'Author.name'\n" in said(result)
    result = pytester.runpytest_subprocess(*options)
    line = "n_plus_one Author.books on GET /lazy at app.py:N: 6 times in 6 tests; the fix saves 12 statements"
    assert f"\n{line}\n" in said(result)


def test_xdist_merges_baselines_and_reports(pytester: pytest.Pytester) -> None:
    prepare(pytester, TWELVE)
    options = (*QUICK, "--query-guard-baseline=query-baseline.json", "--query-guard-report=out.json")
    pytester.runpytest_subprocess("-n2", *options).assert_outcomes(passed=13)
    merged = (pytester.path / "query-baseline.json").read_text()
    (pytester.path / "query-baseline.json").unlink()
    run(pytester, *options).assert_outcomes(passed=13)
    assert (pytester.path / "query-baseline.json").read_text() == merged
    assert len(json.loads((pytester.path / "out.json").read_text())["tests"]) == 13
    source = (pytester.path / "app.py").read_text()
    pytester.makepyfile(app=source.replace("sum(", "len(session.scalars(select(Book)).all()) and sum("))
    pytester.runpytest_subprocess("-n2", *options).assert_outcomes(passed=1, failed=12)


@pytest.mark.parametrize("scope", ["function", "class", "module", "package", "session"])
def test_pytest_asyncio_in_each_loop_scope(pytester: pytest.Pytester, scope: str) -> None:
    prepare(
        pytester,
        ASYNC_CLIENT
        + f"""
import pytest_asyncio
pytestmark = pytest.mark.asyncio(loop_scope="{scope}")

@pytest_asyncio.fixture(loop_scope="{scope}")
async def called():
    await get("/over")

class TestAsync:
    async def test_lazy(self, called):
        await get("/lazy")

    async def test_eager(self, called):
        await get("/eager")

    async def test_over(self):
        await get("/over")
""",
    )
    result = run(pytester, "--query-guard=fail")
    result.assert_outcomes(passed=1, failed=2)
    assert "expected no findings, got 1:" in said(result)
    assert "expected at most 2 queries of GET /over, its budget, got 4:" in said(result)


def test_anyio(pytester: pytest.Pytester) -> None:
    prepare(
        pytester,
        ASYNC_CLIENT
        + """
pytestmark = pytest.mark.anyio

@pytest.fixture(params=["asyncio"])
def anyio_backend(request):
    return request.param

@pytest.fixture
async def called():
    await get("/over")
    yield
    await get("/over")

async def test_lazy(called):
    await get("/lazy")

async def test_eager(called):
    await get("/eager")

@pytest.mark.query_guard(max_queries=1)
async def test_limited(called):
    await get("/eager")
""",
    )
    result = run(pytester, "--query-guard=fail")
    result.assert_outcomes(passed=1, failed=2)
    assert "expected at most 1 query, got 2:" in said(result)


def test_threads(pytester: pytest.Pytester) -> None:
    prepare(
        pytester,
        """
import threading
from app import lazy

def in_thread(body):
    thread = threading.Thread(target=body)
    thread.start()
    thread.join()

def test_lazy():
    in_thread(lazy)

def test_budget(client):
    in_thread(lambda: client.get("/over"))
""",
    )
    run(pytester, "--query-guard=fail").assert_outcomes(failed=2)
    run(pytester).assert_outcomes(passed=1, failed=1)


def test_coverage_is_measured_and_changes_nothing(pytester: pytest.Pytester) -> None:
    prepare(pytester)
    result = pytester.runpytest_subprocess("--cov=app", "--query-guard=fail", *QUICK)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["app.py * 9?%"])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_order_of_tests_does_not_matter(pytester: pytest.Pytester, seed: int) -> None:
    prepare(pytester, TWELVE)
    result = run(pytester, "--query-guard=fail", "--random-order", f"--random-order-seed={seed}")
    result.assert_outcomes(passed=7, failed=6)


def test_a_run_inside_a_run_is_not_reported_outside(pytester: pytest.Pytester) -> None:
    prepare(
        pytester,
        """
pytest_plugins = ["pytester"]

def test_inner(pytester):
    import app
    pytester.makepyfile(test_it="def test_it(app):\\n    app.client.get('/over')\\n")
    class Plugin:
        import pytest
        @pytest.fixture
        def app(self):
            from starlette.testclient import TestClient
            return type("Calls", (), {"client": TestClient(app.app)})
    result = pytester.inline_run(plugins=[Plugin()])
    result.assertoutcome(failed=1)
""",
    )
    result = run(pytester, "-s")
    result.assert_outcomes(passed=1)
