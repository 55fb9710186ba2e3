"""A collection loaded for one parent at a time, and a row asked for again by each function that needs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from example_app.database import SessionOfRequest
from example_app.models import User
from example_app.schemas import Profile, UserWithPosts
from query_guard import query_budget

router = APIRouter(tags=["users"])


@router.get("/anti-patterns/users", response_model=list[UserWithPosts])
async def list_users_slowly(session: SessionOfRequest) -> Sequence[User]:
    users = (await session.scalars(select(User).order_by(User.id).limit(10))).all()
    for user in users:
        await user.awaitable_attrs.posts
    return users


@router.get("/users", response_model=list[UserWithPosts])
@query_budget(max_queries=2)
async def list_users(session: SessionOfRequest) -> Sequence[User]:
    first_ten = select(User).order_by(User.id).limit(10)
    return (await session.scalars(first_ten.options(selectinload(User.posts)))).all()


async def find_user(user_id: int, session: SessionOfRequest) -> User:
    user = await session.scalar(select(User).where(User.id == user_id))
    if user is None:
        raise HTTPException(404, "no such user")
    return user


async def name_of(user_id: int, session: AsyncSession) -> str:
    return (await find_user(user_id, session)).name


async def email_of(user_id: int, session: AsyncSession) -> str:
    return (await find_user(user_id, session)).email


@router.get("/anti-patterns/users/{user_id}")
async def show_user_slowly(user_id: int, session: SessionOfRequest) -> Profile:
    await find_user(user_id, session)
    return Profile(name=await name_of(user_id, session), email=await email_of(user_id, session))


@router.get("/users/{user_id}")
@query_budget(max_queries=1)
async def show_user(user: Annotated[User, Depends(find_user)]) -> Profile:
    return Profile(name=user.name, email=user.email)
