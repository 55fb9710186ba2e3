"""Rows to look at."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from example_app.models import Comment, Post, User

USERS = 20
POSTS_EACH = 3


async def seed(session: AsyncSession) -> None:
    """Fill empty tables with users, posts and comments; neighbouring posts and comments have different authors."""
    if await session.scalar(select(User.id).limit(1)) is not None:
        return
    users = [User(name=f"User {n}", email=f"user{n}@example.org") for n in range(1, USERS + 1)]
    session.add_all(users)
    await session.flush()
    posts = [Post(title=f"Post {n + 1}", author_id=users[n % USERS].id) for n in range(USERS * POSTS_EACH)]
    session.add_all(posts)
    await session.flush()
    session.add_all(
        Comment(text="Well said.", post_id=post.id, author_id=users[-n % USERS].id) for n, post in enumerate(posts, 1)
    )
    await session.commit()
