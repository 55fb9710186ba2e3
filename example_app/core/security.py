"""Passwords and bearer tokens, by libraries that are known for it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import jwt
from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError

from example_app.core.settings import Settings

UNUSABLE_PASSWORD = "!"  # noqa: S105 - that it is none is the point
"""Stands where a hash belongs and matches no password."""

_ALGORITHM = "HS256"
_hasher = PasswordHash.recommended()
_hash_of_nobody = _hasher.hash("the password of nobody")


async def hash_password(password: str) -> str:
    """Hash with Argon2 in a thread: it is slow by design, and the event loop must not stand still."""
    return await asyncio.to_thread(_hasher.hash, password)


async def password_matches(password: str, hashed: str | None) -> bool:
    """Compare in a thread. Without a user compare all the same, so that the time does not tell who has an account."""
    try:
        matches = await asyncio.to_thread(_hasher.verify, password, hashed or _hash_of_nobody)
    except UnknownHashError:
        return False
    return matches and hashed is not None


def create_token(user_id: int, settings: Settings) -> str:
    """Sign a token that names the user and expires."""
    expires = datetime.now(UTC) + timedelta(minutes=settings.token_minutes)
    claims = {"sub": str(user_id), "exp": expires}
    return jwt.encode(claims, settings.secret_key.get_secret_value(), algorithm=_ALGORITHM)


def user_id_of(token: str, settings: Settings) -> int | None:
    """Return whom a token names, or None when it is expired, forged or no token."""
    key = settings.secret_key.get_secret_value()
    try:
        claims = jwt.decode(token, key, algorithms=[_ALGORITHM], options={"require": ["exp", "sub"]})
        return int(claims["sub"])
    except (jwt.InvalidTokenError, ValueError):
        return None
