"""One statement that takes its time."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import func, select

from example_app.database import SessionOfRequest
from example_app.models import Post
from example_app.schemas import Activity
from query_guard import query_budget

router = APIRouter(tags=["reports"])


@router.get("/anti-patterns/reports/activity")
async def activity_slowly(session: SessionOfRequest) -> Activity:
    slow_count = select(func.count(Post.id), func.pg_sleep(0.25))  # pg_sleep stands for an index that is missing
    return Activity(posts=(await session.execute(slow_count)).one()[0])


@router.get("/reports/activity")
@query_budget(max_queries=1)
async def activity(session: SessionOfRequest) -> Activity:
    return Activity(posts=(await session.execute(select(func.count(Post.id)))).scalar_one())
