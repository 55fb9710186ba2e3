"""Logging in."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException

from example_app import crud
from example_app.core.security import create_token, password_matches
from example_app.dependencies.sessions import SessionOfRequest, SettingsOfApp
from example_app.schemas.users import Credentials, Token
from query_guard import query_budget

router = APIRouter(prefix="/auth", tags=["auth"])


@router.post("/token", response_model=Token)
@query_budget(max_queries=1)
async def log_in(given: Credentials, session: SessionOfRequest, settings: SettingsOfApp) -> Token:
    """Answer with a bearer token; the same 401 for an unknown address and a wrong password."""
    user = await crud.user.get_by_email(session, given.email)
    await session.commit()  # the connection goes back before the password is hashed, which takes its time
    matches = await password_matches(given.password.get_secret_value(), user.hashed_password if user else None)
    if user is None or not matches:
        raise HTTPException(401, "wrong e-mail address or password", headers={"WWW-Authenticate": "Bearer"})
    return Token(access_token=create_token(user.id, settings))
