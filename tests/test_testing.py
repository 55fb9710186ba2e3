"""The assertions for tests: what they see and what they say."""

from __future__ import annotations

import re
import threading
import unittest
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import ForeignKey, create_engine, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from sqlalchemy.pool import StaticPool

from query_guard import QueryGuard
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
        assert [finding.kind for finding in recording.findings] == ["n_plus_one"]
    assert recording.report.query_count == 4
    assert recording.report.findings == recording.findings


def test_max_queries_names_shapes_counts_sites_and_fixes() -> None:
    with pytest.raises(AssertionError) as raised, assert_max_queries(2):
        list_books()
    assert without_lines(str(raised.value)) == (
        "expected at most 2 queries, got 4:\n"
        "  3 x SELECT books.id, books.author_id FROM books WHERE ? = books.author_id [Author.books]\n"
        "      tests/test_testing.py:N in list_books\n"
        "  1 x SELECT authors.id FROM authors ORDER BY authors.id\n"
        "      tests/test_testing.py:N in list_books\n"
        "  n_plus_one: Author.books was loaded 3 times, once for each object of a loop: "
        "SELECT books.id, books.author_id FROM books WHERE ? = books.author_id\n"
        "    at tests/test_testing.py:N in list_books\n"
        "    called from tests/test_testing.py:N in test_max_queries_names_shapes_counts_sites_and_fixes\n"
        "    fix: Add .options(selectinload(Author.books)) to the select at tests/test_testing.py:N"
    )


def test_num_queries_is_exact() -> None:
    with assert_num_queries(4):
        list_books()
    with (
        pytest.raises(AssertionError, match="expected exactly 1 query, got 0:\n  nothing was sent"),
        assert_num_queries(1),
    ):
        pass


def test_no_findings_names_the_finding() -> None:
    with pytest.raises(AssertionError, match=r"expected no findings, got 1:\n  n_plus_one: Author.books was loaded"):
        with assert_no_findings():
            list_books()


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
    assert [finding.kind for finding in recording.findings] == ["n_plus_one"]


@pytest.mark.asyncio
async def test_httpx_is_seen_under_pytest_asyncio() -> None:
    await request_books()


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_httpx_is_seen_under_anyio(client: httpx.AsyncClient) -> None:
    with assert_num_queries(4) as recording:
        await client.get("/books")
    assert len(recording.findings) == 1


@pytest.fixture
def client() -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(application(guarded=True)), base_url="http://localhost")


async def request_books() -> None:
    transport = httpx.ASGITransport(application(guarded=True))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        with assert_num_queries(4) as recording:
            await client.get("/books")
    assert len(recording.findings) == 1


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
