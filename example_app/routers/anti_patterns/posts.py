"""Loops that read and write, commits in the wrong place, and a PATCH that empties what it was not sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from example_app import crud
from example_app.core.errors import not_found
from example_app.db.base import utc_now
from example_app.dependencies.auth import CurrentUser
from example_app.dependencies.sessions import SessionOfRequest
from example_app.models import Post
from example_app.routers.anti_patterns.engines import Bad
from example_app.routers.posts import ChosenIds, find_own_post, tell_subscribers
from example_app.schemas.posts import PostCreate, PostOut, PostsCreate, PostTitle, PostUpdate, PostWithAuthor

router = APIRouter(prefix="/posts")


@router.get("", response_model=list[PostWithAuthor])
async def list_posts_slowly(session: SessionOfRequest) -> Sequence[Post]:
    posts = (await session.scalars(select(Post).order_by(Post.id).limit(10))).all()
    for post in posts:
        await post.awaitable_attrs.author
    return posts


@router.get("/chosen", response_model=list[PostTitle])
async def list_chosen_posts_slowly(ids: ChosenIds, session: SessionOfRequest) -> list[Post]:
    posts = [await crud.post.get(session, post_id) for post_id in ids]
    return [post for post in posts if post is not None]


@router.get("/sync", response_model=list[PostWithAuthor])
async def list_posts_blocking(bad: Bad) -> Sequence[Post]:
    """Use a sync driver in an `async def`: every other request stands still until the database has answered."""
    with bad.blocking() as session:
        newest = select(Post).order_by(Post.created_at.desc(), Post.id.desc()).limit(10)
        return session.scalars(newest.options(joinedload(Post.author))).all()


async def session_that_commits_late(session: SessionOfRequest) -> AsyncIterator[AsyncSession]:
    """Commit after the `yield`: the client has read "201 Created" by then, and a commit that fails goes unseen."""
    yield session
    await session.commit()


@router.post("", response_model=PostOut, status_code=201)
async def add_post_late(
    new: PostCreate, user: CurrentUser, session: Annotated[AsyncSession, Depends(session_that_commits_late)]
) -> Post:
    return await crud.post.create(session, new, author_id=user.id)


@router.post("/batch", response_model=list[PostTitle], status_code=201)
async def add_posts_slowly(new: PostsCreate, user: CurrentUser, session: SessionOfRequest) -> list[Post]:
    posts = []
    for title in new.titles:
        post = Post(title=title, author_id=user.id)
        session.add(post)
        await session.flush()
        posts.append(post)
    await session.commit()
    return posts


@router.post("/batch/committed", response_model=list[PostTitle], status_code=201)
async def add_posts_with_many_commits(new: PostsCreate, user: CurrentUser, session: SessionOfRequest) -> list[Post]:
    """Commit each row: the disk is waited for each time, and an error leaves half of the batch behind."""
    posts = []
    for title in new.titles:
        post = Post(title=title, author_id=user.id)
        session.add(post)
        await session.commit()
        posts.append(post)
    return posts


@router.get("/{post_id}", response_model=PostOut)
async def show_post_and_count(post_id: int, session: SessionOfRequest) -> Post:
    """Write in a GET, which browsers, caches and crawlers repeat as they like."""
    await crud.post.count_view(session, post_id)
    post = await crud.post.get(session, post_id)
    if post is None:
        raise not_found("post")
    await session.commit()
    return post


@router.patch("/{post_id}", response_model=PostOut)
async def change_post_carelessly(
    post_id: int, changes: PostUpdate, user: CurrentUser, session: SessionOfRequest
) -> Post:
    """Write every field of the schema: one that the client left out has its default, and empties the column."""
    post = await find_own_post(session, post_id, user)
    for name, value in changes.model_dump().items():
        setattr(post, name, value)
    await session.commit()
    return post


@router.post("/{post_id}/publish", response_model=PostOut)
async def publish_slowly(post_id: int, user: CurrentUser, session: SessionOfRequest) -> Post:
    """Wait for someone else's service inside the transaction, with the row locked."""
    post = await find_own_post(session, post_id, user)
    post.published_at = utc_now()
    await session.flush()
    await tell_subscribers(post)
    await session.commit()
    return post
