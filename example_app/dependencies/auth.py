"""Who sends the request, and what they may do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated

from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from example_app import crud
from example_app.core.current_user import acting_as
from example_app.core.security import user_id_of
from example_app.dependencies.sessions import SessionOfRequest, SettingsOfApp
from example_app.models import User

_bearer = HTTPBearer(auto_error=False, description="The access_token of POST /auth/token")


async def get_current_user(
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    session: SessionOfRequest,
    settings: SettingsOfApp,
) -> AsyncIterator[User]:
    """Give the user of the bearer token, with roles, and note them for the audit trail; 401 for any other token.

    It must be an `async def`: what a `def` dependency sets in a ContextVar stays behind in its thread.
    """
    user_id = user_id_of(given.credentials, settings) if given is not None else None
    user = await crud.user.get_with_roles(session, user_id) if user_id is not None else None
    if user is None:
        raise HTTPException(401, "log in at POST /auth/token", headers={"WWW-Authenticate": "Bearer"})
    with acting_as(user.id):
        yield user


CurrentUser = Annotated[User, Depends(get_current_user)]


def has_role(user: User, *names: str) -> bool:
    return any(role.name in names for role in user.roles)


def require_role(*names: str) -> Callable[[User], Awaitable[User]]:
    """Return a dependency that lets only users with one of these roles pass; 403 for others."""

    async def check(user: CurrentUser) -> User:
        if not has_role(user, *names):
            raise HTTPException(403, f"this needs the role {' or '.join(names)}")
        return user

    return check


Moderator = Annotated[User, Depends(require_role("moderator", "admin"))]
Admin = Annotated[User, Depends(require_role("admin"))]
