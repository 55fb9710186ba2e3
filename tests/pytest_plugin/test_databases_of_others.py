"""Database fixtures as suites have them: no finding of their own, the same outcomes, and faults seen through them."""

from __future__ import annotations

import pytest

from tests.pytest_plugin.application import run, said, untimed_kinds

pytest_plugins = ["pytester"]

APP = """
import os
from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

class Base(DeclarativeBase): ...

class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(default="x")

file = os.environ.get("PYTEST_XDIST_WORKER", "app")  # two processes that make one file wait for the disk
engine = create_engine(f"sqlite:///{file}.db", connect_args={"timeout": 60})
kept = []

def open_session():
    with Session(engine) as session:
        yield session

app = FastAPI()

@app.post("/lost")
def lost(session: Session = Depends(open_session)) -> int:
    session.add(Item())
    session.flush()
    return 1

@app.post("/many")
def many(session: Session = Depends(open_session)) -> int:
    for _ in range(5):
        session.add(Item())
        session.commit()
    return 1

@app.post("/savepoints")
def savepoints(session: Session = Depends(open_session)) -> int:
    for _ in range(2):
        with session.begin_nested():
            session.add(Item())
    session.commit()
    return 1

@app.get("/count")
def count(session: Session = Depends(open_session)) -> int:
    return len(session.scalars(select(Item)).all())

@app.get("/kept")
def keep() -> int:
    session = Session(engine)
    kept.append(session)
    return len(session.scalars(select(Item)).all())
"""
FIXTURES = """
import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.orm import Session
from starlette.testclient import TestClient
from app import Base, Item, app, engine, kept, open_session

@event.listens_for(engine, "connect")
def leave_transactions_alone(connection, _):
    connection.isolation_level = None

@event.listens_for(engine, "begin")
def begin(connection):
    connection.exec_driver_sql("BEGIN")

@pytest.fixture(scope="session", autouse=True)
def schema():
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    yield
    engine.dispose()

@pytest.fixture
def client():
    with TestClient(app) as client:
        yield client
    app.dependency_overrides.clear()
"""
PER_TEST = """
@pytest.fixture
def connection():
    with engine.connect() as connection:
        transaction = connection.begin()
        yield connection
        transaction.rollback()

@pytest.fixture
def session_each(connection):
    def joined():
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
    app.dependency_overrides[open_session] = joined

@pytest.fixture
def session(connection):
    with Session(connection, join_transaction_mode="create_savepoint") as session:
        app.dependency_overrides[open_session] = lambda: session
        yield session
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makepyfile(app=APP)
    return pytester


def test_a_transaction_for_each_test_is_seen_through(suite: pytest.Pytester) -> None:
    suite.makeconftest(FIXTURES + PER_TEST)
    suite.makepyfile(
        test_app="""
def test_lost(client, session_each): client.post("/lost")
def test_many(client, session_each): client.post("/many")
def test_savepoints(client, session_each): client.post("/savepoints")
def test_reads(client, session_each): assert client.get("/count").json() == 0
def test_shared_session(client, session):
    from app import Item
    for _ in range(4):
        session.add(Item())
        session.commit()
    assert client.get("/count").json() == 4
    assert client.get("/count").json() == 4
    client.post("/lost")
"""
    )
    result = run(suite, "--query-guard=fail")
    result.assert_outcomes(passed=3, failed=2)
    shown = said(result)
    assert (
        "  lost_write: 1 write was rolled back, as the session was closed without commit, and the answer was 200"
        in shown
    )
    assert "  commit_per_row: 5 transactions were committed one by one, at the same line\n" in shown
    result.stdout.fnmatch_lines(["FAILED *::test_lost *", "FAILED *::test_many *"])


def test_a_leak_of_a_request_is_found_and_the_tests_own_session_is_none(suite: pytest.Pytester) -> None:
    suite.makeconftest(FIXTURES)
    suite.makepyfile(
        test_app="""
import pytest
from sqlalchemy.orm import Session
from app import app, engine, kept, open_session

@pytest.fixture
def held():
    with Session(engine) as session:
        app.dependency_overrides[open_session] = lambda: session
        yield

def test_leak(client):
    client.get("/kept")

def test_own(client, held):
    client.get("/count")

def test_own_of_the_call(client):
    with Session(engine) as session:
        app.dependency_overrides[open_session] = lambda: session
        client.get("/count")

def test_closes():
    kept.pop().close()
"""
    )
    result = run(suite, "--query-guard=fail")
    result.assert_outcomes(passed=3, failed=1)
    assert "  connection_leak: A connection was not returned at the end of the request" in said(result)
    result.stdout.fnmatch_lines(["FAILED *::test_leak *"])


TRUNCATION = """
@pytest.fixture(autouse=True)
def truncated():
    yield
    with engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())
"""
TEMPLATE = """
import shutil
@pytest.fixture(scope="session")
def template(tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "db"
    made = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(made)
    made.dispose()
    return path

@pytest.fixture(autouse=True)
def copied(template, tmp_path):
    shutil.copy(template, tmp_path / "db")
    own = create_engine(f"sqlite:///{tmp_path / 'db'}")
    def from_copy():
        with Session(own) as session:
            yield session
    app.dependency_overrides[open_session] = from_copy
    yield
    own.dispose()

@pytest.fixture
def client():
    with TestClient(app) as client:
        yield client
"""
EACH_WORKER = """
@pytest.fixture(scope="session", autouse=True)
def own_database(worker_id, tmp_path_factory):
    own = create_engine(f"sqlite:///{tmp_path_factory.mktemp(worker_id) / 'db'}")
    Base.metadata.create_all(own)
    def from_own():
        with Session(own) as session:
            yield session
    app.dependency_overrides[open_session] = from_own
    yield
    own.dispose()

@pytest.fixture
def client():
    with TestClient(app) as client:
        yield client
"""
USES = """
import pytest

@pytest.mark.parametrize("n", range(4))
def test_reads_and_writes(client, n):
    for _ in range(3):
        client.post("/savepoints")
        assert client.get("/count").status_code == 200
"""


@pytest.mark.parametrize(
    ("fixtures", "options"),
    [(TRUNCATION, ()), (TEMPLATE, ()), (EACH_WORKER, ("-n2",)), (PER_TEST + "pytestmark = []\n", ())],
    ids=["truncation", "template database", "a database for each worker", "transaction for each test"],
)
def test_fixtures_of_databases_have_no_findings_of_their_own(
    suite: pytest.Pytester, fixtures: str, options: tuple[str, ...]
) -> None:
    suite.makeconftest(FIXTURES + fixtures)
    suite.makepyfile(test_app=USES)
    if options:
        result = suite.runpytest_subprocess("-p", "no:cacheprovider", "--query-guard=fail", *options)
    else:
        result = run(suite, "--query-guard=fail")
    result.assert_outcomes(passed=4)
    assert untimed_kinds(said(result)) == set()


FACTORIES = {
    "factory": """
import factory
from factory.alchemy import SQLAlchemyModelFactory
from app import Item, engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker
sessions = scoped_session(sessionmaker(engine))

class ItemFactory(SQLAlchemyModelFactory):
    class Meta:
        model = Item
        sqlalchemy_session = sessions
        sqlalchemy_session_persistence = "commit"
    name = factory.Sequence(str)

def make(n):
    ItemFactory.create_batch(n)
    sessions.remove()
""",
    "polyfactory": """
from polyfactory.factories.sqlalchemy_factory import SQLAlchemyFactory
from app import Item, engine
from sqlalchemy.orm import Session

class ItemFactory(SQLAlchemyFactory[Item]):
    __model__ = Item
    __set_primary_key__ = False

def make(n):
    with Session(engine) as session:
        ItemFactory.__session__ = session
        for _ in range(n):
            ItemFactory.create_sync()
""",
}


@pytest.mark.parametrize("library", FACTORIES)
def test_factories_are_the_tests_own(suite: pytest.Pytester, library: str) -> None:
    pytest.importorskip(library)
    suite.makeconftest(FIXTURES)
    suite.makepyfile(
        test_app=FACTORIES[library]
        + "\ndef test_it(client):\n    make(5)\n    assert client.get('/count').json() >= 5\n"
    )
    result = run(suite, "--query-guard=fail")
    result.assert_outcomes(passed=1)
    assert untimed_kinds(said(result)) == set()


ENVIRONMENT = """
from alembic import context

with context.config.attributes["engine"].connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "a1", None

def upgrade():
    op.create_table("roles", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String))
    for number in range(3):
        op.add_column("roles", sa.Column(f"flag_{number}", sa.Boolean))
    for name in ("admin", "user", "guest", "auditor", "owner"):
        op.execute(sa.text("INSERT INTO roles (name) VALUES (:name)").bindparams(name=name))
    from app import many
    many(op.get_bind())
"""
MIGRATES = """
from pathlib import Path
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

@pytest.mark.parametrize("calls", [False, True])
def test_upgrade(tmp_path, calls, monkeypatch):
    if not calls:
        monkeypatch.setattr("app.many", lambda connection: None)
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'db'}")
    config = Config(attributes={"engine": engine})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    command.upgrade(config, "head")
    assert sa.inspect(engine).has_table("roles")
    engine.dispose()
"""
CALLED = """
from sqlalchemy import text

def many(connection):
    for name in "abcde":
        connection.execute(text("INSERT INTO roles (name) VALUES (:name)"), {"name": name})
"""


def test_migrations_are_no_code_of_the_application_but_what_they_call_is(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    versions = pytester.mkdir("migrations") / "versions"
    versions.mkdir()
    (versions.parent / "env.py").write_text(ENVIRONMENT)
    (versions.parent / "script.py.mako").write_text("")
    (versions / "a1.py").write_text(REVISION)
    pytester.makepyfile(app=CALLED, test_app=MIGRATES)
    result = run(pytester, "--query-guard=fail")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["FAILED *::test_upgrade[[]True[]] *"])
    assert "  n_plus_one: INSERT on roles ran 5 times" in said(result)
    assert "    at app.py:N in many\n" in said(result)
