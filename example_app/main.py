"""The application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from example_app.core.errors import answer_errors
from example_app.core.settings import Settings
from example_app.db.engine import make_engine
from example_app.db.migrating import require_head
from example_app.db.session import make_sessions
from example_app.routers import accounts, anti_patterns, auth, comments, posts, products, reports, users
from example_app.routers.anti_patterns.engines import badly_configured
from query_guard import QueryGuard
from query_guard.history.memory import MemoryHistory


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application; without settings they are read from the environment.

    At start it looks whether its database was migrated, and refuses to serve one that was not; it changes nothing.
    """
    chosen = settings or Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = make_engine(chosen)
        try:
            await require_head(engine)
            app.state.sessions = make_sessions(engine)
            async with badly_configured(chosen.url) as app.state.bad:
                yield
        finally:
            await engine.dispose()

    app = FastAPI(title="query_guard example", lifespan=lifespan)
    app.state.settings = chosen
    app.state.history = MemoryHistory() if chosen.debug else None
    token = chosen.debug_token.get_secret_value() if chosen.debug and chosen.debug_token else None
    app.add_middleware(QueryGuard, debug=chosen.debug, debug_token=token, history=app.state.history)
    answer_errors(app)
    for subject in (auth, users, posts, comments, products, accounts, reports, anti_patterns):
        app.include_router(subject.router)
    return app
