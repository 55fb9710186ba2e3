from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from example_app.core.current_user import current_user_id
from example_app.db.session import WITH_DELETED
from example_app.models import Post
from tests.example_app.factory import Factory

pytestmark = pytest.mark.asyncio


async def stored(session: AsyncSession, post_id: int) -> Post:
    query = select(Post).where(Post.id == post_id).execution_options(populate_existing=True, **WITH_DELETED)
    return (await session.scalars(query)).one()


async def test_a_row_says_who_wrote_it_and_who_changed_it(
    client: httpx.AsyncClient, session: AsyncSession, factory: Factory
) -> None:
    author, moderator = await factory.user(), await factory.user("moderator")
    written = await client.post("/posts", json={"title": "Mine"}, headers=factory.logged_in(author))
    path = f"/posts/{written.json()['id']}"
    await client.patch(path, json={"title": "Corrected"}, headers=factory.logged_in(moderator))
    post = await stored(session, written.json()["id"])
    assert (post.created_by_id, post.updated_by_id) == (author.id, moderator.id)
    assert post.created_at < post.updated_at


async def test_times_have_their_zone(session: AsyncSession, factory: Factory) -> None:
    post = await stored(session, (await factory.post(await factory.user())).id)
    assert post.created_at.utcoffset() == timedelta(0)
    assert datetime.now(UTC) - post.created_at < timedelta(minutes=1)


async def test_a_time_without_zone_is_refused(session: AsyncSession, factory: Factory) -> None:
    post = await factory.post(await factory.user())
    post.published_at = datetime(2026, 1, 1)
    with pytest.raises(Exception, match="a time without zone was given"):
        await session.commit()
    await session.rollback()


async def test_statements_that_pass_the_unit_of_work_by_are_covered_too(
    client: httpx.AsyncClient, session: AsyncSession, factory: Factory
) -> None:
    author, moderator = await factory.user(), await factory.user("moderator")
    post = await factory.post(author)
    await client.delete(f"/users/{author.id}/posts", headers=factory.logged_in(moderator))
    assert (await stored(session, post.id)).updated_by_id == moderator.id


async def test_a_view_is_no_change(client: httpx.AsyncClient, session: AsyncSession, factory: Factory) -> None:
    author = await factory.user()
    post = await factory.post(author)
    before = post.updated_at
    await client.post(f"/posts/{post.id}/views")
    viewed = await stored(session, post.id)
    assert (viewed.views, viewed.updated_at) == (1, before)


async def test_the_next_request_is_from_someone_else(client: httpx.AsyncClient, factory: Factory) -> None:
    await client.get("/users/me", headers=factory.logged_in(await factory.user()))
    assert current_user_id() is None
    assert (await client.get("/users/me")).status_code == 401
