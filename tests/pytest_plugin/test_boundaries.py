"""Each request is a window of its own, though nobody has added the middleware; and what the test does is the test's."""

from __future__ import annotations

import json

import pytest

from tests.pytest_plugin.application import run, said

pytest_plugins = ["pytester"]

ITEMS = """
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import StaticPool

class Base(DeclarativeBase): ...

class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]

engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
Base.metadata.create_all(engine)

def find(name):
    with Session(engine) as session:
        return [item.id for item in session.scalars(select(Item).where(Item.name == name))]

def add(name):
    with Session(engine) as session:
        session.add(Item(name=name))
        session.commit()

def add_all(names):
    for name in names:
        add(name)
"""
FASTAPI = """
from fastapi import FastAPI, WebSocket
from starlette.testclient import TestClient
from items import add, add_all, find

app = FastAPI()
app.get("/items/{name}")(find)
app.post("/items/{name}")(add)

@app.get("/loop")
def loop() -> None:
    for name in "abcd":
        find(name)

@app.websocket("/socket")
async def socket(websocket: WebSocket):
    await websocket.accept()
    find("a")
    await websocket.close()
client = TestClient(app)
"""
CALLS = """
def test_three_requests():
    for name in "abc":
        client.get(f"/items/{name}")
        client.post(f"/items/{name}")

def test_a_loop_in_a_request():
    client.get("/loop")
"""
LOOP = (
    "  n_plus_one: SELECT from items ran 4 times, once for each object of a loop: "
    "SELECT items.id, items.name FROM items WHERE items.name = ?\n"
    "    on GET {route}\n"
)


@pytest.fixture
def items(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makepyfile(items=ITEMS)
    return pytester


def test_each_request_is_judged_by_itself(items: pytest.Pytester) -> None:
    items.makepyfile(web=FASTAPI, test_web="from web import client\n" + CALLS)
    result = run(items, "--query-guard=fail")
    result.assert_outcomes(passed=1, failed=1)
    assert LOOP.format(route="/loop") in said(result)


def test_a_mounted_application_belongs_to_the_request(items: pytest.Pytester) -> None:
    items.makepyfile(
        web=FASTAPI.replace("client = TestClient(app)", "outer = FastAPI()\nouter.mount('/api', app)\n")
        + "client = TestClient(outer)\n",
        test_web="from web import client\ndef test_mounted():\n    client.get('/api/loop')\n",
    )
    shown = said(run(items, "--query-guard=fail"))
    assert "expected no findings, got 1:\n" + LOOP.format(route="/api/loop") in shown


def test_litestar_is_bounded_and_its_routes_have_names(items: pytest.Pytester) -> None:
    pytest.importorskip("litestar")
    items.makepyfile(
        test_web="""
from litestar import Litestar, get
from litestar.testing import TestClient
from items import find

@get("/items/{name:str}", sync_to_thread=False)
def one(name: str) -> list[int]:
    return find(name)

@get("/loop/{name:str}", sync_to_thread=False)
def loop(name: str) -> None:
    for name in "abcd":
        find(name)

client = TestClient(Litestar([one, loop], logging_config=None))

def test_three_requests():
    for name in "abc":
        assert client.get(f"/items/{name}").status_code == 200

def test_a_loop_in_a_request():
    client.get("/loop/a")
"""
    )
    result = run(items, "--query-guard=fail")
    result.assert_outcomes(passed=1, failed=1)
    assert LOOP.format(route="/loop/{name}") in said(result)


def test_the_applications_middleware_takes_the_window_over(items: pytest.Pytester) -> None:
    """Its reporters are told once, its budgets hold, what it excludes is not judged, its endpoint is no window."""
    items.makepyfile(
        web=FASTAPI
        + """
from query_guard import QueryGuard
reports = []
app.add_middleware(
    QueryGuard, reporters=[reports.append], budgets={"GET /items/{name}": 0}, exclude=("/loop",),
    debug=True, debug_token="sixteen-letters-and-more",
)
""",
        test_web="""
from web import client, reports
from query_guard.testing import record_queries

def test_excluded():
    client.get("/loop")
    assert reports == []

def test_endpoint():
    with record_queries() as recording:
        key = {"Authorization": "Bearer sixteen-letters-and-more"}
        answer = client.get("/__query_guard__/api/requests", headers=key)
    assert answer.status_code == 200
    assert recording.request_reports.kept == []

def test_budget():
    with record_queries() as recording:
        client.get("/items/a")
    assert recording.request_reports.kept == reports
    assert len(reports) == 1
""",
    )
    result = run(items, "--query-guard=fail")
    result.assert_outcomes(passed=2, failed=1)
    assert "expected at most 0 queries of GET /items/{name}, its budget, got 1:" in said(result)


def test_nothing_changes_where_no_mode_is_given(items: pytest.Pytester) -> None:
    items.makepyfile(
        test_web="""
import starlette.applications
from query_guard.testing import record_queries

def test_it():
    before = starlette.applications.Starlette.__call__
    with record_queries():
        pass
    assert not hasattr(before, "query_guard_boundaries")
"""
    )
    items.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


SEEDS = """
from items import Item, Session, add, add_all, engine, find
import pytest

def test_seeds_and_looks_up():
    with Session(engine) as session:
        for name in "abcd":
            session.add(Item(name=name))
            session.commit()
            session.get(Item, 1)

def test_calls_the_application_in_a_loop():
    for name in "abcd":
        add(name)
        find(name)

def test_calls_a_loop_of_the_application():
    add_all("abcd")

def test_says_what_it_wants_to_know(query_guard):
    with query_guard.assert_no_findings():
        for name in "abcd":
            find(name)
"""


@pytest.mark.parametrize("options", [(), ("--cov=items",)])
def test_what_test_code_does_by_itself_is_counted_and_not_judged(
    items: pytest.Pytester, options: tuple[str, ...]
) -> None:
    items.makepyfile(test_items=SEEDS)
    result = items.runpytest_subprocess(
        "-p", "no:cacheprovider", "--query-guard=fail", "--query-guard-report=out.json", *options
    )
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(
        ["FAILED test_items.py::test_calls_a_loop_of_the_application *", "FAILED *test_says_what_it_wants_to_know *"]
    )
    entries = json.loads((items.path / "out.json").read_text())["tests"]
    assert {
        entry["test"].partition("::")[2]: entry["routes"]["outside requests"]["statements"] for entry in entries
    } == {
        "test_seeds_and_looks_up": 8,
        "test_calls_the_application_in_a_loop": 8,
        "test_calls_a_loop_of_the_application": 4,
        "test_says_what_it_wants_to_know": 4,
    }


REFUSED = """
import pytest
from sqlalchemy.exc import IntegrityError
from query_guard.testing import assert_no_findings
from wares import take

def test_expects_what_it_gets():
    take(1)
    with pytest.raises(IntegrityError):
        take(1)

def test_judges_the_block():
    with assert_no_findings(), pytest.raises(IntegrityError):
        take(1)
"""


def test_a_refused_statement_is_for_the_test_that_gets_the_exception_to_judge(items: pytest.Pytester) -> None:
    wares = "from items import Item, Session, engine\ndef take(id):\n    with Session(engine) as session:\n"
    items.makepyfile(
        wares=wares + "        session.add(Item(id=id, name='x'))\n        session.commit()\n", test_items=REFUSED
    )
    result = run(items, "--query-guard=fail")
    result.assert_outcomes(passed=1, failed=1)
    assert "  failed_statement: INSERT failed with IntegrityError: " in said(result)
    result.stdout.fnmatch_lines(["FAILED *::test_judges_the_block *"])


def test_helpers_below_testpaths_and_in_a_folder_of_tests_are_test_code(items: pytest.Pytester) -> None:
    helper = "from items import add\ndef seed():\n    for name in 'abcd':\n        add_row(name)\n" + (
        "def add_row(name):\n    from items import Item, Session, engine\n"
        "    with Session(engine) as session:\n        session.add(Item(name=name))\n        session.commit()\n"
    )
    for folder in ("tests", "checks"):
        (items.path / folder).mkdir()
        (items.path / folder / f"seeds_{folder}.py").write_text(helper)
        (items.path / folder / f"test_{folder}.py").write_text(
            f"from seeds_{folder} import seed\ndef test_it():\n    seed()\n"
        )
    items.makeconftest("")
    (items.path / "helpers.py").write_text(helper)
    items.makepyfile(test_root="from helpers import seed\ndef test_root():\n    seed()\n")
    result = run(items, "--query-guard=fail", "-o", "testpaths=checks tests test_root.py")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["FAILED test_root.py::test_root *"])


STARTED = """
import asyncio
from concurrent.futures import ThreadPoolExecutor
from starlette.concurrency import run_in_threadpool
from items import find

async def looked_up(name):
    await asyncio.sleep(0)
    find(name)

def in_threads(names):
    with ThreadPoolExecutor(1) as pool:
        list(pool.map(find, names))

async def in_tasks(names):
    await asyncio.gather(*map(looked_up, names))

async def with_to_thread(names):
    for name in names:
        await asyncio.to_thread(find, name)

async def in_threadpool(names):
    for name in names:
        await run_in_threadpool(find, name)

def in_a_loop_of_its_own(names):
    asyncio.run(in_tasks(names))
"""
TESTS_OF_STARTED = """
import asyncio
from concurrent.futures import ThreadPoolExecutor
import pytest
from items import find
from starlette.concurrency import run_in_threadpool
from started import in_a_loop_of_its_own, in_tasks, in_threadpool, in_threads, looked_up, with_to_thread

@pytest.mark.parametrize("work", [in_threads, in_a_loop_of_its_own])
def test_loop(work):
    work("abcd")

@pytest.mark.parametrize("work", [in_tasks, with_to_thread, in_threadpool])
def test_async_loop(work):
    asyncio.run(work("abcd"))

@pytest.mark.parametrize("work", [in_tasks, with_to_thread, in_threadpool])
def test_loop_awaited(work):
    async def main():
        await work("abcd")
    asyncio.run(main())

def test_own_threads():
    with ThreadPoolExecutor(1) as pool:
        list(pool.map(find, "abcd"))

def test_own_tasks():
    async def main():
        await asyncio.gather(*map(looked_up, "abcd"))
    asyncio.run(main())

def test_own_threadpool():
    async def main():
        for name in "abcd":
            await run_in_threadpool(find, name)
    asyncio.run(main())
"""


def test_what_tasks_and_threads_send_belongs_to_the_call_that_the_test_waits_for(items: pytest.Pytester) -> None:
    items.makepyfile(started=STARTED, test_started=TESTS_OF_STARTED)
    result = run(items, "--query-guard=fail", "-rf")
    failed = sorted(line.split()[1].partition("::")[2] for line in result.outlines if line.startswith("FAILED "))
    assert failed == [
        *(f"test_async_loop[{work}]" for work in ("in_tasks", "in_threadpool", "with_to_thread")),
        *(f"test_loop[{work}]" for work in ("in_a_loop_of_its_own", "in_threads")),
        *(f"test_loop_awaited[{work}]" for work in ("in_tasks", "in_threadpool", "with_to_thread")),
    ]
    result.assert_outcomes(passed=3, failed=8)
