"""A session that several tasks use at once: row D26 of the gate."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import InvalidRequestError, NoResultFound
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.pool import NullPool

from query_guard import Report
from tests.databases import ASYNC_DRIVERS, Database
from tests.serving import findings, function_of, guarded, only, visit

pytestmark = [pytest.mark.asyncio, pytest.mark.parametrize("driver", ASYNC_DRIVERS, indirect=True)]
ONE = text("SELECT 1")


async def reported(database: Database, endpoint: Callable[[AsyncSession], Awaitable[Any]]) -> Report:
    """Call an endpoint with a session that has yet to connect, as the first one does, or any with `pool_pre_ping`."""
    app, reports = guarded()
    unconnected = Database(database.driver, database.url, poolclass=NullPool)

    @app.get("/")
    async def route() -> None:
        async with unconnected.async_session() as session:
            await endpoint(session)

    await visit(app, "/")
    await unconnected.dispose()
    return only(reports)


async def gathered(session: AsyncSession) -> None:
    refused = await asyncio.gather(session.execute(ONE), session.execute(ONE), return_exceptions=True)
    assert any(isinstance(one, InvalidRequestError) for one in refused)


async def in_functions_of_its_own(session: AsyncSession) -> None:
    async def ask() -> None:
        await session.execute(ONE)

    await asyncio.gather(ask(), ask(), return_exceptions=True)


@pytest.mark.parametrize(("use", "function"), [(gathered, "gathered"), (in_functions_of_its_own, "ask")])
async def test_d26_tasks_that_share_a_session(
    database: Database, use: Callable[[AsyncSession], Awaitable[Any]], function: str
) -> None:
    (finding,) = findings(await reported(database, use), "shared_session")
    assert (function_of(finding), finding.severity) == (function, "warning")
    assert finding.summary == "One session was used by several tasks or threads at once, which it refuses"


async def one_after_the_other(session: AsyncSession) -> None:
    await session.execute(ONE)
    await session.execute(ONE)


async def refused_for_another_reason(session: AsyncSession) -> None:
    with pytest.raises(NoResultFound):
        (await session.execute(text("SELECT 1 WHERE 1 = 2"))).one()


@pytest.mark.parametrize("use", [one_after_the_other, refused_for_another_reason])
async def test_d26_other_uses_are_silent(database: Database, use: Callable[[AsyncSession], Awaitable[Any]]) -> None:
    assert findings(await reported(database, use), "shared_session") == []
