"""Up, down and up again, with rows in the tables; and an application that does not serve what was not migrated."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from alembic import command
from sqlalchemy import URL, Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from example_app.core.settings import Settings
from example_app.db.migrating import SchemaError, alembic_config, migrate
from example_app.db.seed import Size, seed
from example_app.db.session import make_sessions
from example_app.main import create_app
from tests.example_app.conftest import create_database

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.once, pytest.mark.asyncio]


@pytest.fixture
def url(dialect: str, request: pytest.FixtureRequest) -> URL:
    """Give an empty database of this test's own."""
    return create_database(f"migrated_{abs(hash(request.node.name))}", dialect, request)


@pytest_asyncio.fixture
async def engine(url: URL) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(url, poolclass=NullPool)
    yield engine
    await engine.dispose()


async def tables(engine: AsyncEngine) -> set[str]:
    async with engine.connect() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def column(connection: AsyncConnection, sql: str) -> list[object]:
    return list((await connection.scalars(text(sql))).all())


async def test_roles_go_and_come_back_while_everything_else_stays(url: URL, engine: AsyncEngine) -> None:
    await migrate(url)
    async with make_sessions(engine)() as session:
        await seed(session, Size(users=3, posts_each=1, comments_each=1, products=1))
    await migrate(url, "0001")
    assert {"roles", "user_roles"} & await tables(engine) == set()
    await migrate(url)
    async with engine.connect() as connection:
        assert await column(connection, "SELECT name FROM roles ORDER BY id") == ["admin", "user", "moderator"]
        assert await column(connection, "SELECT count(*) FROM posts") == [3]
        assert await column(connection, "SELECT count(*) FROM user_roles") == [0]


async def test_the_way_down_leaves_nothing_and_the_way_up_everything(url: URL, engine: AsyncEngine) -> None:
    await migrate(url)
    before = await tables(engine)
    async with make_sessions(engine)() as session:
        await seed(session, Size(users=2, posts_each=1, comments_each=1, products=1))
    await migrate(url, "base")
    assert await tables(engine) == {"alembic_version"}
    await migrate(url)
    assert await tables(engine) == before
    assert len(before) == 10


async def test_autogenerate_finds_no_difference(url: URL, engine: AsyncEngine) -> None:
    await migrate(url)

    def check(connection: Connection) -> None:
        command.check(alembic_config(connection))

    async with engine.connect() as connection:
        await connection.run_sync(check)


async def test_drift_is_seen(url: URL, engine: AsyncEngine) -> None:
    await migrate(url)
    async with engine.begin() as connection:
        await connection.execute(text("DROP INDEX ix_posts_created_at"))

    def check(connection: Connection) -> None:
        command.check(alembic_config(connection))

    async with engine.connect() as connection:
        with pytest.raises(Exception, match="ix_posts_created_at"):
            await connection.run_sync(check)


async def test_the_application_refuses_a_database_that_was_not_migrated(url: URL) -> None:
    await migrate(url)
    await migrate(url, "0001")
    app = create_app(Settings(database_url=url))
    with pytest.raises(SchemaError, match="is at revision 0001, the application needs 0002: run 'alembic upgrade"):
        async with app.router.lifespan_context(app):
            pass


async def test_the_application_changes_nothing_at_start(url: URL, engine: AsyncEngine) -> None:
    app = create_app(Settings(database_url=url))
    with pytest.raises(SchemaError, match="revision none"):
        async with app.router.lifespan_context(app):
            pass
    assert await tables(engine) == set()


async def test_alembic_on_the_command_line_finds_the_database_of_the_environment(tmp_path: Path) -> None:
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path / 'shop.db'}"}

    def alembic(*words: str) -> str:
        command = [sys.executable, "-m", "alembic", *words]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        return done.stdout

    alembic("upgrade", "head")
    alembic("downgrade", "base")
    alembic("upgrade", "head")
    assert "0002 (head)" in alembic("current")
    assert "No new upgrade operations" in alembic("check")
    assert "INSERT INTO roles" in alembic("upgrade", "head", "--sql")


async def test_no_migration_commits_by_itself() -> None:
    files = list((ROOT / "example_app" / "migrations" / "versions").glob("*.py"))
    assert len(files) >= 2
    assert [file.name for file in files if "commit(" in file.read_text()] == []
