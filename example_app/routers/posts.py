"""Posts: read, written, changed in part, removed and restored."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from example_app import crud
from example_app.core.errors import not_found
from example_app.db.base import utc_now
from example_app.dependencies.auth import CurrentUser, Moderator, has_role
from example_app.dependencies.pages import PageOfRequest
from example_app.dependencies.sessions import SessionOfRequest
from example_app.models import Post, User
from example_app.schemas.posts import (
    PostCreate,
    PostOut,
    PostsCreate,
    PostTitle,
    PostUpdate,
    PostWithAuthor,
    PostWithComments,
)
from query_guard import query_budget

router = APIRouter(prefix="/posts", tags=["posts"])

ChosenIds = Annotated[list[int], Query(alias="id", min_length=1, max_length=100)]


async def find_own_post(session: AsyncSession, post_id: int, user: User) -> Post:
    """Return a post that the user may change; 404 and 403 otherwise."""
    post = await crud.post.get(session, post_id)
    if post is None:
        raise not_found("post")
    if post.author_id != user.id and not has_role(user, "moderator", "admin"):
        raise HTTPException(403, "this post is someone else's")
    return post


@router.get("", response_model=list[PostWithAuthor])
@query_budget(max_queries=1)
async def list_posts(session: SessionOfRequest, page: PageOfRequest) -> Sequence[Post]:
    return await crud.post.list(session, page, joinedload(Post.author))


@router.get("/chosen", response_model=list[PostTitle])
@query_budget(max_queries=1)
async def list_chosen_posts(ids: ChosenIds, session: SessionOfRequest) -> Sequence[Post]:
    return await crud.post.get_many(session, ids)


@router.post("", response_model=PostOut, status_code=201)
@query_budget(max_queries=2)
async def add_post(new: PostCreate, user: CurrentUser, session: SessionOfRequest) -> Post:
    post = await crud.post.create(session, new, author_id=user.id)
    await session.commit()
    return post


@router.post("/batch", response_model=list[PostTitle], status_code=201)
@query_budget(max_queries=2)
async def add_posts(new: PostsCreate, user: CurrentUser, session: SessionOfRequest) -> Sequence[Post]:
    posts = await crud.post.create_many(session, new.titles, user.id)
    await session.commit()
    return posts


@router.get("/{post_id}", response_model=PostWithComments)
@query_budget(max_queries=2)
async def show_post(post_id: int, session: SessionOfRequest) -> Post:
    post = await crud.post.get_with_comments(session, post_id)
    if post is None:
        raise not_found("post")
    return post


@router.post("/{post_id}/views", status_code=204)
@query_budget(max_queries=1)
async def count_view(post_id: int, session: SessionOfRequest) -> Response:
    """Count in a request of its own: a GET is repeated by browsers, caches and crawlers as they like."""
    await crud.post.count_view(session, post_id)
    await session.commit()
    return Response(status_code=204)


@router.patch("/{post_id}", response_model=PostOut)
@query_budget(max_queries=3)
async def change_post(post_id: int, changes: PostUpdate, user: CurrentUser, session: SessionOfRequest) -> Post:
    post = await find_own_post(session, post_id, user)
    await crud.post.update(session, post, changes)
    await session.commit()
    return post


@router.delete("/{post_id}", status_code=204)
@query_budget(max_queries=3)
async def remove_post(post_id: int, user: CurrentUser, session: SessionOfRequest) -> Response:
    await crud.post.remove(session, await find_own_post(session, post_id, user))
    await session.commit()
    return Response(status_code=204)


@router.post("/{post_id}/restore", response_model=PostOut)
@query_budget(max_queries=3)
async def restore_post(post_id: int, session: SessionOfRequest, _: Moderator) -> Post:
    post = await crud.post.restore(session, post_id)
    if post is None:
        raise not_found("post")
    await session.commit()
    return post


async def tell_subscribers(post: Post) -> None:
    """Stand for a service of someone else's that answers after 250 ms."""
    await asyncio.sleep(0.25)


@router.post("/{post_id}/publish", response_model=PostOut)
@query_budget(max_queries=3)
async def publish(post_id: int, user: CurrentUser, session: SessionOfRequest) -> Post:
    """Commit first, then tell: no row stays locked meanwhile, and nobody is told of what is rolled back."""
    post = await find_own_post(session, post_id, user)
    post.published_at = utc_now()
    await session.commit()
    await tell_subscribers(post)
    return post
