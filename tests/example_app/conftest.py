from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import psycopg
import pytest
import pytest_asyncio

from example_app.main import create_app
from example_app.settings import Settings, async_url


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the URL of a database that only the example application uses."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('example_app') / 'example.db'}"
    url: str = request.getfixturevalue("postgres_url")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE example_app")
    return async_url(url).set(drivername="postgresql", database="example_app").render_as_string(hide_password=False)


@pytest_asyncio.fixture
async def client(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of the example application with two connections in its pool, as the demo has them."""
    app = create_app(Settings(async_url(database_url), pool_size=2))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client,
    ):
        yield client
