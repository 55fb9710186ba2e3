"""Statements that take their time, that are too many or fetch too much; and a computation that takes everybody's."""

from __future__ import annotations

import asyncio
from collections import Counter

from fastapi import APIRouter
from sqlalchemy import func, select

from example_app.dependencies.sessions import SessionOfRequest
from example_app.models import Comment, Post, Product, User
from example_app.routers.anti_patterns.engines import Bad
from example_app.routers.reports import compute_digest
from example_app.schemas.posts import Activity, Commenter, Digest, Totals
from query_guard import query_budget

router = APIRouter(prefix="/reports")


@router.get("/activity")
async def show_activity_slowly(session: SessionOfRequest) -> Activity:
    slow_count = select(func.count(Post.id), func.pg_sleep(0.25))  # pg_sleep stands for an index that is missing
    return Activity(posts=(await session.execute(slow_count)).one()[0])


@router.get("/totals")
@query_budget(max_queries=1)
async def show_totals_one_by_one(session: SessionOfRequest) -> Totals:
    """Ask for each figure on its own: four ways to the database and back, where the route says that one will do."""
    users = (await session.scalars(select(func.count(User.id)))).one()
    posts = (await session.scalars(select(func.count(Post.id)))).one()
    comments = (await session.scalars(select(func.count(Comment.id)))).one()
    products = (await session.scalars(select(func.count(Product.id)))).one()
    return Totals(users=users, posts=posts, comments=comments, products=products)


@router.get("/totals/in-tasks")
async def show_totals_in_tasks(bad: Bad) -> Totals:
    """Ask for each figure in a task, all with one session: it is busy with the first one, and the answer is a 500."""
    counts = [select(func.count(model.id)) for model in (User, Post, Comment, Product)]
    async with bad.small() as session:
        answers = await asyncio.gather(*map(session.scalar, counts), return_exceptions=True)
    for refusal in answers:
        if isinstance(refusal, BaseException):
            raise refusal
    totals = [answer for answer in answers if isinstance(answer, int)]
    return Totals(users=totals[0], posts=totals[1], comments=totals[2], products=totals[3])


@router.get("/commenters")
async def list_commenters_slowly(session: SessionOfRequest) -> list[Commenter]:
    """Fetch a row for every comment that there is, to count them in Python and show ten."""
    authors = await session.execute(select(User.id, User.name).join(User.comments))
    counted = Counter((number, name) for number, name in authors)
    return [Commenter(id=number, name=name, written=count) for (number, name), count in counted.most_common(10)]


@router.get("/digest")
async def show_digest_blocking(session: SessionOfRequest) -> Digest:
    """Compute on the event loop, as `time.sleep` or a sync client would stand on it: nobody else is served."""
    posts = (await session.scalars(select(func.count(Post.id)))).one()
    await session.commit()
    return Digest(digest=compute_digest(posts))
