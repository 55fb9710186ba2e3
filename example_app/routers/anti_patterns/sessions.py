"""Sessions opened by hand, and what happens to others when they are not closed."""

from __future__ import annotations

from fastapi import APIRouter

from example_app.core.errors import not_found
from example_app.models import User
from example_app.routers.anti_patterns.engines import Bad
from example_app.schemas.users import UserOut

router = APIRouter()


@router.get("/users/{user_id}/summary")
async def show_summary(user_id: int, bad: Bad) -> UserOut:
    """Open a session by hand and close it at the end, which an exception on the way there never reaches."""
    session = bad.small()
    bad.opened.append(session)
    user = await session.get(User, user_id)
    if user is None:
        raise not_found("user")
    await session.close()
    bad.opened.remove(session)
    return UserOut.model_validate(user)


@router.delete("/sessions")
async def close_forgotten_sessions(bad: Bad) -> dict[str, int]:
    """Close what `show_summary` forgot, so that the tour can go on."""
    return {"closed": await bad.close_opened()}
