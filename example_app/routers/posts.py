"""A parent loaded for one child at a time, and rows inserted one by one."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from example_app.database import SessionOfRequest
from example_app.models import Post
from example_app.schemas import NewPosts, PostTitle, PostWithAuthor
from query_guard import query_budget

router = APIRouter(tags=["posts"])


@router.get("/anti-patterns/posts", response_model=list[PostWithAuthor])
async def list_posts_slowly(session: SessionOfRequest) -> Sequence[Post]:
    posts = (await session.scalars(select(Post).order_by(Post.id).limit(10))).all()
    for post in posts:
        await post.awaitable_attrs.author
    return posts


@router.get("/posts", response_model=list[PostWithAuthor])
@query_budget(max_queries=1)
async def list_posts(session: SessionOfRequest) -> Sequence[Post]:
    first_ten = select(Post).order_by(Post.id).limit(10)
    return (await session.scalars(first_ten.options(joinedload(Post.author)))).all()


@router.post("/anti-patterns/posts", response_model=list[PostTitle], status_code=201)
async def add_posts_slowly(new: NewPosts, session: SessionOfRequest) -> Sequence[Post]:
    posts = []
    for title in new.titles:
        post = Post(title=title, author_id=new.author_id)
        session.add(post)
        await session.flush()
        posts.append(post)
    await session.commit()
    return posts


@router.post("/posts", response_model=list[PostTitle], status_code=201)
@query_budget(max_queries=1)
async def add_posts(new: NewPosts, session: SessionOfRequest) -> Sequence[Post]:
    posts = [Post(title=title, author_id=new.author_id) for title in new.titles]
    session.add_all(posts)
    await session.commit()
    return posts
