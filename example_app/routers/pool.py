"""A connection held while something else is awaited."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends

from example_app.database import SessionsOfApp
from example_app.models import User
from example_app.routers.users import find_user
from example_app.schemas import Sent
from query_guard import query_budget

router = APIRouter(tags=["pool"])


async def send_welcome(email: str) -> Sent:
    """Stand for a mail service that answers after 150 ms."""
    await asyncio.sleep(0.15)
    return Sent(to=email)


@router.post("/anti-patterns/users/{user_id}/welcome")
async def welcome_slowly(user: Annotated[User, Depends(find_user)]) -> Sent:
    return await send_welcome(user.email)  # the request's session keeps its connection until the end


@router.post("/users/{user_id}/welcome")
@query_budget(max_queries=1)
async def welcome(user_id: int, sessions: SessionsOfApp) -> Sent:
    async with sessions() as session:
        user = await find_user(user_id, session)
    return await send_welcome(user.email)
