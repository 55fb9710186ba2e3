"""An application with faults, and how its tests are run inside a test."""

from __future__ import annotations

import re

import pytest
import starlette.testclient  # noqa: F401  (the runs inside drop what they import)

from query_guard.detectors import timed_kinds

APPLICATION = """
from fastapi import FastAPI
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload
from sqlalchemy.pool import StaticPool
from query_guard import QueryGuard, query_budget

class Base(DeclarativeBase):
    pass

class Author(Base):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(primary_key=True)
    books: Mapped[list["Book"]] = relationship()

class Book(Base):
    __tablename__ = "books"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))

engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
app = FastAPI()
app.add_middleware(QueryGuard, reporters=[], budgets={"GET /within": 2})

def add(number):
    with Session(engine) as session:
        session.add_all([Author(books=[Book()]) for _ in range(number)])
        session.commit()

@app.get("/lazy")
def lazy() -> int:
    with Session(engine) as session:
        return sum(len(author.books) for author in session.scalars(select(Author)))

@app.get("/eager")
def eager() -> int:
    with Session(engine) as session:
        return sum(len(author.books) for author in session.scalars(select(Author).options(selectinload(Author.books))))

@app.get("/over")
@query_budget(max_queries=2)
def over() -> int:
    return lazy()

@app.get("/within")
def within() -> int:
    return eager()
"""
CONFTEST = """
import pytest
from starlette.testclient import TestClient
from app import Base, add, app, engine, lazy

@pytest.fixture(autouse=True)
def arranged():
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    add(3)
    lazy()

@pytest.fixture
def client():
    with TestClient(app) as client:
        yield client
"""
TESTS = """
from app import lazy

def test_lazy(client):
    client.get("/lazy")

def test_eager(client):
    client.get("/eager")
"""
BOOKS = "SELECT books.id, books.author_id FROM books WHERE ? = books.author_id"
AUTHORS = "SELECT authors.id FROM authors"
LOOP = f"""\
  n_plus_one: Author.books was loaded 3 times, once for each object of a loop: {BOOKS}
    on GET /lazy
    at app.py:N in lazy
    fix: Add .options(selectinload(Author.books)) to the select at app.py:N
"""


def prepare(pytester: pytest.Pytester, tests: str = TESTS, *, ini: str = "", **files: str) -> None:
    """Write the application and its tests, which live in test_app.py."""
    pytester.makeini(f"[pytest]\nasyncio_default_fixture_loop_scope = function\n{ini}\n")
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(app=APPLICATION, test_app=tests, **files)


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    """Run the tests in this process, without a plugin that takes a second to say nothing."""
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:hypothesispytest", *options)


def said(result: pytest.RunResult) -> str:
    """Return what the terminal showed, without line numbers and the labels that SQLAlchemy 2.0 still writes."""
    return re.sub(r" AS \w+", "", re.sub(r"\.py:\d+", ".py:N", result.stdout.str()))


def untimed_kinds(text: str) -> set[str]:
    """Return the kinds of the findings that a summary lists, without those that a slow machine may have."""
    return {*re.findall(r"(?m)^([a-z_]+)(?: \S+)? (?:on|at) .* in \d+ tests?$", text)} - timed_kinds()
