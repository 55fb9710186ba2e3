from __future__ import annotations

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, joinedload, selectinload

from example_app import crud
from example_app.db.session import WITH_DELETED
from example_app.models import Comment, Post, User
from tests.example_app.factory import Factory

pytestmark = pytest.mark.asyncio


async def removed_and_kept(factory: Factory) -> tuple[User, Post, Post]:
    user = await factory.user()
    removed, kept = await factory.posts(user, 2)
    removed.mark_deleted()
    await factory.session.commit()
    factory.session.expunge_all()
    return user, removed, kept


async def test_no_select_sees_a_removed_row(session: AsyncSession, factory: Factory) -> None:
    user, removed, kept = await removed_and_kept(factory)
    own = select(Post.id).where(Post.author_id == user.id)
    assert (await session.scalars(own)).all() == [kept.id]
    assert await session.get(Post, removed.id) is None
    other = aliased(Post)
    assert (await session.scalars(select(other.id).where(other.author_id == user.id))).all() == [kept.id]
    joined = select(Post.id).select_from(User).join(User.posts).where(User.id == user.id)
    assert (await session.scalars(joined)).all() == [kept.id]


@pytest.mark.parametrize("loader", [joinedload, selectinload])
async def test_no_relationship_sees_a_removed_row(session: AsyncSession, factory: Factory, loader: object) -> None:
    user, _, kept = await removed_and_kept(factory)
    options = loader(User.posts)  # type: ignore[operator]  # one of several loader functions
    found = (await session.scalars(select(User).where(User.id == user.id).options(options))).unique().one()
    assert [post.id for post in found.posts] == [kept.id]


async def test_a_lazy_relationship_does_not_see_it_either(session: AsyncSession, factory: Factory) -> None:
    user, _, kept = await removed_and_kept(factory)
    found = (await session.scalars(select(User).where(User.id == user.id))).one()
    assert [post.id for post in await found.awaitable_attrs.posts] == [kept.id]


async def test_it_is_still_there_for_who_asks(session: AsyncSession, factory: Factory) -> None:
    user, removed, kept = await removed_and_kept(factory)
    own = select(Post.id).where(Post.author_id == user.id).order_by(Post.id)
    assert (await session.scalars(own, execution_options=WITH_DELETED)).all() == [removed.id, kept.id]


async def test_a_removed_post_is_404_until_a_moderator_restores_it(client: httpx.AsyncClient, factory: Factory) -> None:
    author, moderator = await factory.user(), await factory.user("moderator")
    post = await factory.post(author)
    mine, theirs = factory.logged_in(author), factory.logged_in(moderator)
    assert (await client.delete(f"/posts/{post.id}", headers=mine)).status_code == 204
    assert (await client.get(f"/posts/{post.id}")).status_code == 404
    assert (await client.post(f"/posts/{post.id}/restore", headers=mine)).status_code == 403
    assert (await client.post(f"/posts/{post.id}/restore", headers=theirs)).status_code == 200
    assert (await client.get(f"/posts/{post.id}")).status_code == 200
    assert (await client.post("/posts/0/restore", headers=theirs)).status_code == 404


async def test_all_posts_of_a_user_are_marked_with_one_statement_and_none_is_gone(
    client: httpx.AsyncClient, session: AsyncSession, factory: Factory
) -> None:
    user, moderator = await factory.user(), await factory.user("moderator")
    await factory.posts(user, 3)
    removed = await client.delete(f"/users/{user.id}/posts", headers=factory.logged_in(moderator))
    assert removed.json() == {"posts": 3}
    assert removed.headers["X-Query-Count"] == "2"
    marked = select(Post.deleted_at).where(Post.author_id == user.id)
    moments = (await session.scalars(marked, execution_options=WITH_DELETED)).all()
    assert len(moments) == 3
    assert None not in moments


async def test_the_anti_pattern_leaves_nothing_to_restore(
    client: httpx.AsyncClient, session: AsyncSession, factory: Factory
) -> None:
    user, moderator = await factory.user(), await factory.user("moderator")
    await factory.comment(await factory.post(user), user)
    headers = factory.logged_in(moderator)
    assert (await client.delete(f"/anti-patterns/users/{user.id}/posts", headers=headers)).status_code == 204
    left = await session.scalars(select(Post).where(Post.author_id == user.id), execution_options=WITH_DELETED)
    assert left.all() == []


async def test_removed_comments_are_filtered_below_posts(session: AsyncSession, factory: Factory) -> None:
    user = await factory.user()
    post = await factory.post(user)
    removed, kept = await factory.comment(post, user), await factory.comment(post, user)
    removed.mark_deleted()
    await session.commit()
    session.expunge_all()
    found = await crud.post.get_with_comments(session, post.id)
    assert found is not None
    assert [comment.id for comment in found.comments] == [kept.id]
    assert await session.get(Comment, removed.id) is None
