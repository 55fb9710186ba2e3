"""Migrations from Python. The application never runs them: it looks whether they were run, and says so."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

_MIGRATIONS = Path(__file__).parents[1] / "migrations"


class SchemaError(RuntimeError):
    """The database has another schema than the application was written for."""


async def migrate(url: URL, revision: str = "head") -> None:
    """Bring the database up (or, with an older revision or "base", down) to a revision."""
    upward = revision == "head"
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade if upward else _downgrade, revision)
    finally:
        await engine.dispose()


async def require_head(engine: AsyncEngine) -> None:
    """Raise SchemaError, with what to type, when the database is not at the newest revision.

    Migrations that start with the application would start with each of its processes at once, and with the rights to
    change tables; so they are a step of their own, before it.
    """
    async with engine.connect() as connection:
        current = await connection.run_sync(_heads)
    expected = set(ScriptDirectory.from_config(alembic_config()).get_heads())
    if current != expected:
        raise SchemaError(
            f"the database is at revision {_names(current)}, the application needs {_names(expected)}: "
            "run 'alembic upgrade head' (or 'make migrate') first"
        )


def alembic_config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection, revision: str) -> None:
    command.upgrade(alembic_config(connection), revision)


def _downgrade(connection: Connection, revision: str) -> None:
    command.downgrade(alembic_config(connection), revision)


def _heads(connection: Connection) -> set[str]:
    return set(MigrationContext.configure(connection).get_current_heads())


def _names(revisions: set[str]) -> str:
    return " and ".join(sorted(revisions)) or "none"
