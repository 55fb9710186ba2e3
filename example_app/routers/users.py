"""Users, what they may do, and what they have done."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from hashlib import sha256

from fastapi import APIRouter, HTTPException
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload, selectinload

from example_app import crud
from example_app.core.errors import not_found
from example_app.core.security import hash_password
from example_app.dependencies.auth import Admin, CurrentUser, Moderator
from example_app.dependencies.pages import PageOfRequest
from example_app.dependencies.sessions import SessionOfRequest
from example_app.models import Post, User, UserProfile
from example_app.schemas.posts import History, PostTitle, Removed, UserWithPosts
from example_app.schemas.users import (
    Avatar,
    ProfileOut,
    ProfileUpdate,
    RolesUpdate,
    UserCreate,
    UserOut,
    UserWithProfile,
    UserWithRoles,
)
from query_guard import query_budget

router = APIRouter(prefix="/users", tags=["users"])


@router.get("", response_model=list[UserWithPosts])
@query_budget(max_queries=2)
async def list_users(session: SessionOfRequest, page: PageOfRequest) -> Sequence[User]:
    return await crud.user.list(session, page, selectinload(User.posts))


@router.post("", response_model=UserOut, status_code=201)
@query_budget(max_queries=4)
async def register(new: UserCreate, session: SessionOfRequest) -> User:
    """Look at nothing first: of two registrations at once both would find the address free. The constraint decides."""
    hashed = await hash_password(new.password.get_secret_value())
    (role,) = await crud.role.get_by_names(session, ["user"])
    try:
        user = await crud.user.register(session, new, hashed, role)
        await session.commit()
    except IntegrityError:
        raise HTTPException(409, "this e-mail address is taken") from None
    return user


@router.get("/me", response_model=UserWithRoles)
@query_budget(max_queries=1)
async def show_me(user: CurrentUser) -> User:
    return user


@router.patch("/me/profile", response_model=ProfileOut)
@query_budget(max_queries=3)
async def change_profile(changes: ProfileUpdate, user: CurrentUser, session: SessionOfRequest) -> UserProfile:
    profile = await crud.user.update_profile(session, user, changes)
    await session.commit()
    return profile


@router.get("/{user_id}", response_model=UserWithProfile)
@query_budget(max_queries=1)
async def show_user(user_id: int, session: SessionOfRequest) -> User:
    user = await crud.user.get(session, user_id, joinedload(User.profile))
    if user is None:
        raise not_found("user")
    return user


@router.put("/{user_id}/roles", response_model=UserWithRoles)
@query_budget(max_queries=5)
async def set_roles(user_id: int, wanted: RolesUpdate, session: SessionOfRequest, _: Admin) -> User:
    user = await crud.user.get_with_roles(session, user_id)
    roles = await crud.role.get_by_names(session, wanted.roles)
    if user is None:
        raise not_found("user")
    if len(roles) < len({*wanted.roles}):
        raise HTTPException(422, "no such role")
    user.roles = [*roles]
    await session.commit()
    return user


@router.get("/{user_id}/posts", response_model=list[PostTitle])
@query_budget(max_queries=1)
async def list_posts_of_user(user_id: int, session: SessionOfRequest) -> Sequence[Post]:
    return await crud.post.get_by_user_id(session, user_id)


@router.delete("/{user_id}/posts", response_model=Removed)
@query_budget(max_queries=2)
async def remove_posts_of_user(user_id: int, session: SessionOfRequest, _: Moderator) -> Removed:
    """Mark them as deleted, with one statement; each can be restored."""
    removed = await crud.post.remove_of_user(session, user_id)
    await session.commit()
    return Removed(posts=removed)


@router.get("/{user_id}/history", response_model=History)
@query_budget(max_queries=3)
async def show_history(user_id: int, session: SessionOfRequest) -> User:
    user = await crud.user.get_history(session, user_id)
    if user is None:
        raise not_found("user")
    return user


async def find_avatar(email: str) -> Avatar:
    """Stand for a service of someone else's that answers after 150 ms."""
    await asyncio.sleep(0.15)
    return Avatar(url=f"https://avatars.example.org/{sha256(email.encode()).hexdigest()[:16]}")


@router.get("/{user_id}/avatar", response_model=Avatar)
@query_budget(max_queries=1)
async def show_avatar(user_id: int, session: SessionOfRequest) -> Avatar:
    """End the transaction before waiting for anything else: that gives the connection back to the pool."""
    user = await crud.user.get(session, user_id)
    await session.commit()
    if user is None:
        raise not_found("user")
    return await find_avatar(user.email)
