"""The application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from example_app.database import connected
from example_app.embedded import embedded_postgres
from example_app.routers import comments, pool, posts, reports, users
from example_app.settings import Settings, async_url, database_url_from_environment
from query_guard import QueryGuard


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application; its database starts and stops with it. Without settings it looks at `DATABASE_URL`."""
    chosen = settings or Settings(database_url_from_environment())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            url = chosen.database_url
            if url is None:
                server = stack.enter_context(embedded_postgres(chosen.data_directory))
                url = async_url(server.render_as_string(hide_password=False))
            app.state.sessions = await stack.enter_async_context(connected(url, chosen.pool_size))
            yield

    app = FastAPI(title="query_guard example", lifespan=lifespan)
    app.add_middleware(QueryGuard, debug=True)
    for router in (users.router, posts.router, comments.router, reports.router, pool.router):
        app.include_router(router)
    return app
