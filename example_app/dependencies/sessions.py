"""One session for each request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from example_app.core.settings import Settings
from example_app.db.session import Sessions


async def get_settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def get_sessions(request: Request) -> Sessions:
    """Give the factory of sessions; tests put another one here, and all sessions of a request follow."""
    sessions: Sessions = request.app.state.sessions
    return sessions


SessionsOfApp = Annotated[Sessions, Depends(get_sessions)]


async def get_session(sessions: SessionsOfApp) -> AsyncIterator[AsyncSession]:
    """Open a session for the request, close it at its end, and commit nothing.

    What follows a `yield` runs after the response has been sent (in FastAPI 0.118 and later, unless the dependency is
    declared with `scope="function"`, which 0.121 brought). A commit there that fails, fails behind a client who has
    read "201 Created". So each endpoint that writes commits itself, as its last step before the answer: visible where
    one reads it, and right in every version. Whatever is not committed, an exception's half work, is rolled back here.
    """
    async with sessions() as session:
        yield session


SettingsOfApp = Annotated[Settings, Depends(get_settings)]
SessionOfRequest = Annotated[AsyncSession, Depends(get_session)]
