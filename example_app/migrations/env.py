"""How Alembic reaches the database: through the settings and the async driver, as the application does."""

from __future__ import annotations

import asyncio

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import example_app.models  # noqa: F401 - makes every table known to the metadata
from example_app.core.settings import Settings
from example_app.db.base import Base
from example_app.db.embedded import database_of


def run_migrations(connection: Connection) -> None:
    """Run each migration in a transaction that Alembic begins and commits; none of them may commit by itself."""
    context.configure(
        connection=connection, target_metadata=Base.metadata, render_as_batch=connection.dialect.name == "sqlite"
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_on_database_of_settings() -> None:
    with database_of(Settings()) as settings:
        engine = create_async_engine(settings.url, poolclass=NullPool)
        async with engine.connect() as connection:
            await connection.run_sync(run_migrations)
        await engine.dispose()


def print_statements() -> None:
    """Print the SQL instead of running it, for `alembic upgrade head --sql`."""
    context.configure(dialect_name="postgresql", target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if context.is_offline_mode():
    print_statements()
elif given is not None:
    run_migrations(given)
else:
    asyncio.run(run_on_database_of_settings())
