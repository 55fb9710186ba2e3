"""One statement for each object, for each question asked again, and for too much at once; a session too many."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Response
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from example_app import crud
from example_app.core.errors import not_found
from example_app.db.session import WITH_DELETED
from example_app.dependencies.auth import Admin, Moderator
from example_app.dependencies.sessions import SessionOfRequest, SessionsOfApp
from example_app.models import Post, User, user_roles
from example_app.routers.users import find_avatar
from example_app.schemas.posts import History, PostTitle, UserWithPosts
from example_app.schemas.users import Avatar, ProfileOut, RolesUpdate, UserWithProfile

router = APIRouter(prefix="/users")


@router.get("", response_model=list[UserWithPosts])
async def list_users_slowly(session: SessionOfRequest) -> Sequence[User]:
    users = (await session.scalars(select(User).order_by(User.id).limit(10))).all()
    for user in users:
        await user.awaitable_attrs.posts
    return users


@router.get("/by-crud")
async def list_users_by_crud(session: SessionOfRequest) -> list[UserWithPosts]:
    """Call a function that is right for one user, for each of ten."""
    listed = []
    for user in await session.scalars(select(User).order_by(User.id).limit(10)):
        posts = await crud.post.get_by_user_id(session, user.id)
        listed.append(UserWithPosts.model_validate({"id": user.id, "name": user.name, "posts": posts}))
    return listed


async def find_user(user_id: int, session: AsyncSession) -> User:
    user = await session.scalar(select(User).where(User.id == user_id).options(joinedload(User.profile)))
    if user is None:
        raise not_found("user")
    return user


@router.get("/{user_id}")
async def show_user_slowly(user_id: int, session: SessionOfRequest) -> UserWithProfile:
    """Let each part of the answer find the user for itself."""
    name = (await find_user(user_id, session)).name
    email = (await find_user(user_id, session)).email
    profile = (await find_user(user_id, session)).profile
    shown = ProfileOut.model_validate(profile) if profile is not None else None
    return UserWithProfile(id=user_id, name=name, email=email, profile=shown)


@router.put("/{user_id}/roles", status_code=204)
async def add_roles_blindly(user_id: int, wanted: RolesUpdate, session: SessionOfRequest, _: Admin) -> Response:
    """Insert without a look at what is there: a role that the user has already is refused, and the client reads 500."""
    roles = await crud.role.get_by_names(session, wanted.roles)
    await session.execute(insert(user_roles), [{"user_id": user_id, "role_id": role.id} for role in roles])
    await session.commit()
    return Response(status_code=204)


@router.get("/{user_id}/posts", response_model=list[PostTitle])
async def list_posts_in_second_session(
    user_id: int, session: SessionOfRequest, sessions: SessionsOfApp
) -> Sequence[Post]:
    """Open another session while the first holds its connection: enough such requests are a deadlock."""
    if await crud.user.get(session, user_id) is None:
        raise not_found("user")
    async with sessions() as another:
        return await crud.post.get_by_user_id(another, user_id)


@router.delete("/{user_id}/posts", status_code=204)
async def delete_posts_of_user(user_id: int, session: SessionOfRequest, _: Moderator) -> Response:
    """Delete for good, and one by one."""
    posts = await session.scalars(select(Post).where(Post.author_id == user_id), execution_options=WITH_DELETED)
    for post in posts.all():
        await session.delete(post)
        await session.flush()
    await session.commit()
    return Response(status_code=204)


@router.get("/{user_id}/history", response_model=History)
async def show_multiplied_history(user_id: int, session: SessionOfRequest) -> User:
    """Join two collections side by side: each post comes once with each comment."""
    query = select(User).where(User.id == user_id).options(joinedload(User.posts), joinedload(User.comments))
    user = (await session.scalars(query)).unique().one_or_none()
    if user is None:
        raise not_found("user")
    return user


@router.get("/{user_id}/avatar")
async def show_avatar_slowly(user_id: int, session: SessionOfRequest) -> Avatar:
    """Wait for someone else's service while the session keeps its connection: the pool serves two such at a time."""
    user = await crud.user.get(session, user_id)
    if user is None:
        raise not_found("user")
    return await find_avatar(user.email)
