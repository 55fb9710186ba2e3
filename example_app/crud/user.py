"""Users, found by what they log in with."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from example_app.crud.base import CRUDBase
from example_app.models import Role, User, UserProfile
from example_app.schemas.users import ProfileUpdate, UserCreate


class CRUDUser(CRUDBase[User, UserCreate, ProfileUpdate]):
    async def get_by_email(self, session: AsyncSession, email: str) -> User | None:
        return await session.scalar(select(User).where(User.email == email))

    async def get_with_roles(self, session: AsyncSession, user_id: int) -> User | None:
        """Join the roles: a user has three at most, so that one statement is worth the repeated columns."""
        query = select(User).where(User.id == user_id).options(joinedload(User.roles))
        return (await session.scalars(query)).unique().one_or_none()

    async def get_history(self, session: AsyncSession, user_id: int) -> User | None:
        """Load two collections with a statement each; joined side by side they would multiply their rows."""
        query = select(User).where(User.id == user_id)
        return await session.scalar(query.options(selectinload(User.posts), selectinload(User.comments)))

    async def register(self, session: AsyncSession, new: UserCreate, hashed_password: str, role: Role) -> User:
        user = User(name=new.name, email=new.email, hashed_password=hashed_password, roles=[role])
        user.profile = UserProfile()
        session.add(user)
        await session.flush()
        return user

    async def update_profile(self, session: AsyncSession, user: User, changes: ProfileUpdate) -> UserProfile:
        profile = await session.get(UserProfile, user.id)
        if profile is None:
            profile = UserProfile(user_id=user.id)
            session.add(profile)
        for name, value in changes.model_dump(exclude_unset=True).items():
            setattr(profile, name, value)
        await session.flush()
        return profile


user = CRUDUser(User)
