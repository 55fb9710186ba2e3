"""Users, as others see them, and what they log in with."""

from __future__ import annotations

from pydantic import Field, SecretStr

from example_app.schemas.base import Incoming, Outgoing


class Credentials(Incoming):
    email: str
    password: SecretStr


class Token(Outgoing):
    access_token: str
    token_type: str = "bearer"  # noqa: S105 - the name of the scheme


class UserCreate(Incoming):
    name: str = Field(min_length=1, max_length=100)
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=320)
    password: SecretStr = Field(min_length=12, max_length=200)


class ProfileUpdate(Incoming):
    bio: str | None = None
    website: str | None = Field(default=None, max_length=200)


class RolesUpdate(Incoming):
    roles: list[str]


class UserOut(Outgoing):
    id: int
    name: str


class ProfileOut(Outgoing):
    bio: str | None
    website: str | None


class RoleOut(Outgoing):
    name: str
    description: str


class UserWithProfile(UserOut):
    email: str
    profile: ProfileOut | None


class UserWithRoles(UserOut):
    roles: list[RoleOut]


class Avatar(Outgoing):
    url: str
