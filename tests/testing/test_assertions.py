"""The assertions for tests: what they see and what they say."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import unittest
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import ForeignKey, create_engine, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from sqlalchemy.pool import StaticPool

from query_guard import QueryGuard
from query_guard.detectors import timed_kinds
from query_guard.testing import assert_max_queries, assert_no_findings, assert_num_queries, record_queries


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(primary_key=True)
    books: Mapped[list[Book]] = relationship()


class Book(Base):
    __tablename__ = "books"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))


engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
Base.metadata.create_all(engine)
with Session(engine) as filling:
    filling.add_all([Author(books=[Book(), Book()]) for _ in range(3)])
    filling.commit()


def list_books() -> int:
    with Session(engine) as session:
        return sum(len(author.books) for author in session.scalars(select(Author).order_by(Author.id)))


def application(*, guarded: bool) -> FastAPI:
    app = FastAPI()
    app.get("/books")(list_books)
    if guarded:
        app.add_middleware(QueryGuard, reporters=[])
    return app


def without_lines(message: str) -> str:
    """Take out line numbers, and the column labels that SQLAlchemy 2.0 still writes."""
    return re.sub(r" AS \w+", "", re.sub(r"\.py:\d+", ".py:N", message))


def test_a_recording_is_live() -> None:
    with record_queries() as recording:
        assert recording.query_count == 0
        list_books()
        assert recording.query_count == 4
        assert [row.operation for row in recording.statements] == ["SELECT"] * 4
        kinds = {finding.kind for finding in recording.findings}
        assert kinds - timed_kinds() == {"n_plus_one"}
    assert recording.report.query_count == 4
    assert recording.report.findings == recording.findings


def test_max_queries_names_shapes_counts_sites_and_fixes() -> None:
    with pytest.raises(AssertionError) as raised, assert_max_queries(2):
        list_books()
    assert without_lines(str(raised.value)) == (
        "expected at most 2 queries, got 4:\n"
        "  3 x SELECT books.id, books.author_id FROM books WHERE ? = books.author_id [Author.books]\n"
        "      tests/testing/test_assertions.py:N in list_books\n"
        "  1 x SELECT authors.id FROM authors ORDER BY authors.id\n"
        "      tests/testing/test_assertions.py:N in list_books\n"
        "  n_plus_one: Author.books was loaded 3 times, once for each object of a loop: "
        "SELECT books.id, books.author_id FROM books WHERE ? = books.author_id\n"
        "    at tests/testing/test_assertions.py:N in list_books\n"
        "    called from tests/testing/test_assertions.py:N in test_max_queries_names_shapes_counts_sites_and_fixes\n"
        "    fix: Add .options(selectinload(Author.books)) to the select at tests/testing/test_assertions.py:N"
    )


LOOP = (
    "  n_plus_one: Author.books was loaded 3 times, once for each object of a loop: "
    "SELECT books.id, books.author_id FROM books WHERE ? = books.author_id\n"
)


def test_num_queries_is_exact() -> None:
    with assert_num_queries(4):
        list_books()
    with pytest.raises(AssertionError) as raised, assert_num_queries(1):
        pass
    assert str(raised.value) == (
        "expected exactly 1 query, got 0:\n"
        "  nothing was sent: is the engine used in this process, and inside the block?"
    )
    with pytest.raises(AssertionError) as raised, assert_num_queries(2), engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    assert without_lines(str(raised.value)) == (
        "expected exactly 2 queries, got 1:\n"
        "  1 x SELECT ?\n"
        "      tests/testing/test_assertions.py:N in test_num_queries_is_exact"
    )


def test_no_findings_names_the_finding() -> None:
    with pytest.raises(AssertionError) as raised, assert_no_findings():
        list_books()
    assert without_lines(str(raised.value)) == (
        f"expected no findings, got 1:\n{LOOP}"
        "    at tests/testing/test_assertions.py:N in list_books\n"
        "    called from tests/testing/test_assertions.py:N in test_no_findings_names_the_finding\n"
        "    fix: Add .options(selectinload(Author.books)) to the select at tests/testing/test_assertions.py:N"
    )


def test_no_findings_names_the_route_and_says_once_what_happens_often() -> None:
    with TestClient(application(guarded=True)) as client:
        with pytest.raises(AssertionError) as raised, assert_no_findings():
            client.get("/books")
            client.get("/books")
    assert without_lines(str(raised.value)) == (
        f"expected no findings, got 1:\n{LOOP}"
        "    on GET /books (2 times)\n"
        "    at tests/testing/test_assertions.py:N in list_books\n"
        "    fix: Add .options(selectinload(Author.books)) to the select at tests/testing/test_assertions.py:N"
    )


@pytest.mark.query_guard(mode="off")
def test_no_findings_holds_routes_to_their_budgets() -> None:
    app = FastAPI()
    app.get("/books")(list_books)
    app.add_middleware(QueryGuard, reporters=[], budgets={"GET /books": 3})
    with TestClient(app) as client:
        with pytest.raises(AssertionError) as raised, assert_no_findings(kinds={"statement_budget"}):
            client.get("/books")
    assert without_lines(str(raised.value)) == (
        "expected no findings, got 1:\n"
        "  statement_budget: GET /books sent 4 statements; its budget is 3\n"
        "    on GET /books\n"
        "    at tests/testing/test_assertions.py:N in list_books\n"
        "    fix: Start with the line that sent 3 of them, or raise the budget"
    )


def test_long_messages_end() -> None:
    with pytest.raises(AssertionError) as raised, assert_max_queries(1), engine.connect() as connection:
        for number in range(30):
            connection.execute(text(f"SELECT 1 AS a{number}, 2 AS {'b' * (number + 1)}"))
    assert str(raised.value).count(" x SELECT") == 20
    assert "  and 10 more shapes" in str(raised.value)


def test_no_findings_of_some_kinds() -> None:
    with assert_no_findings(kinds={"slow_statement"}):
        list_books()
    with pytest.raises(ValueError, match="kinds must be a collection of kinds, such as {'n_plus_one'}"):
        with assert_no_findings(kinds="n_plus_one"):
            pass


def test_the_blocks_own_failure_wins() -> None:
    with pytest.raises(ZeroDivisionError), assert_max_queries(0):
        list_books()
        _ = 1 / 0


def test_a_wrong_number_is_refused() -> None:
    with pytest.raises(
        ValueError, match="assert_max_queries: the number of queries must be an integer of at least 0, not -1"
    ):
        with assert_max_queries(-1):
            pass


def test_only_the_block_counts() -> None:
    list_books()
    with assert_max_queries(0):
        pass
    list_books()


def test_blocks_nest() -> None:
    with assert_num_queries(8):
        list_books()
        with assert_num_queries(4):
            list_books()


@pytest.mark.parametrize("guarded", [True, False])
def test_the_test_client_is_seen(guarded: bool) -> None:
    with TestClient(application(guarded=guarded)) as client, record_queries() as recording:
        client.get("/books")
    assert recording.query_count == 4
    assert [finding.kind for finding in recording.report.loud_findings] == ["n_plus_one"]


@pytest.mark.asyncio
async def test_httpx_is_seen_under_pytest_asyncio() -> None:
    await request_books()


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_httpx_is_seen_under_anyio(client: httpx.AsyncClient) -> None:
    with assert_num_queries(4) as recording:
        await client.get("/books")
    assert [finding.kind for finding in recording.findings].count("n_plus_one") == 1


@pytest.fixture
def client() -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(application(guarded=True)), base_url="http://localhost")


async def request_books() -> None:
    transport = httpx.ASGITransport(application(guarded=True))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        with assert_num_queries(4) as recording:
            await client.get("/books")
    assert [finding.kind for finding in recording.findings].count("n_plus_one") == 1


def test_threads_are_seen() -> None:
    with assert_num_queries(4):
        thread = threading.Thread(target=list_books)
        thread.start()
        thread.join()


@pytest.mark.asyncio
async def test_s14_one_route_called_five_times_is_no_loop() -> None:
    app = FastAPI()
    app.add_middleware(QueryGuard, reporters=[])

    @app.get("/{number}")
    def one(number: int) -> None:
        with Session(engine) as session:
            session.get(Author, number)

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        with assert_no_findings() as recording:
            for number in range(1, 6):
                await client.get(f"/{number}")
    assert recording.query_count == 5


def test_plain_unittest_shows_the_message(tmp_path: Path) -> None:
    (tmp_path / "test_plain.py").write_text(PLAIN)
    done = subprocess.run(
        [sys.executable, "-m", "unittest", "test_plain"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert (
        "AssertionError: expected at most 1 query, got 2:\n  1 x SELECT ?\n      test_plain.py:13 in test_two\n"
    ) in done.stderr
    assert "FAILED (failures=1)" in done.stderr


PLAIN = """\
import unittest

from sqlalchemy import create_engine, text

from query_guard.testing import assert_max_queries, assert_no_findings


class Plain(unittest.TestCase):
    def test_two(self):
        engine = create_engine("sqlite://")
        self.addCleanup(engine.dispose)
        with engine.connect() as connection, assert_max_queries(1):
            connection.execute(text("SELECT 1"))
            connection.execute(text("SELECT 2"))

    def test_one(self):
        engine = create_engine("sqlite://")
        self.addCleanup(engine.dispose)
        with engine.connect() as connection, assert_max_queries(1), assert_no_findings():
            connection.execute(text("SELECT 1"))
"""


class WithUnittest(unittest.TestCase):
    def test_it_works_without_pytest(self) -> None:
        with self.assertRaises(AssertionError), assert_max_queries(1):
            list_books()


@pytest.fixture
def arranged() -> Iterator[None]:
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    yield


def test_fixtures_before_the_block_do_not_count(arranged: None) -> None:
    with assert_num_queries(4):
        list_books()
