"""Figures about all of it."""

from __future__ import annotations

import asyncio
from hashlib import pbkdf2_hmac

from fastapi import APIRouter
from sqlalchemy import func, select

from example_app.dependencies.sessions import SessionOfRequest
from example_app.models import Comment, Post, Product, User
from example_app.schemas.posts import Activity, Commenter, Digest, Totals
from query_guard import query_budget

router = APIRouter(prefix="/reports", tags=["reports"])


@router.get("/activity", response_model=Activity)
@query_budget(max_queries=1)
async def show_activity(session: SessionOfRequest) -> Activity:
    return Activity(posts=(await session.scalars(select(func.count(Post.id)))).one())


@router.get("/totals", response_model=Totals)
@query_budget(max_queries=1)
async def show_totals(session: SessionOfRequest) -> Totals:
    """Ask for all figures at once: a subquery for each is one way to the database and back."""
    users, posts, comments, products = (
        select(func.count(model.id)).scalar_subquery() for model in (User, Post, Comment, Product)
    )
    figures = select(users.label("users"), posts.label("posts"), comments.label("comments"), products.label("products"))
    return Totals.model_validate((await session.execute(figures)).one())


@router.get("/commenters", response_model=list[Commenter])
@query_budget(max_queries=1)
async def list_commenters(session: SessionOfRequest) -> list[Commenter]:
    """Let the database count, and fetch the ten rows that are shown."""
    written = func.count(Comment.id).label("written")
    busiest = select(User.id, User.name, written).join(User.comments).group_by(User.id, User.name)
    rows = await session.execute(busiest.order_by(written.desc(), User.id).limit(10))
    return [Commenter.model_validate(row) for row in rows]


def compute_digest(posts: int) -> str:
    """Stand for a computation that takes a processor some 250 ms."""
    return pbkdf2_hmac("sha256", str(posts).encode(), b"a salt", 800_000).hex()


@router.get("/digest", response_model=Digest)
@query_budget(max_queries=1)
async def show_digest(session: SessionOfRequest) -> Digest:
    """Compute in a thread, so that the event loop goes on with other requests, and without a connection."""
    posts = (await session.scalars(select(func.count(Post.id)))).one()
    await session.commit()
    return Digest(digest=await asyncio.to_thread(compute_digest, posts))
