"""ORM objects handed to the serialisation with something still to load."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy import select
from sqlalchemy.orm import Session

from example_app.dependencies.sessions import SessionOfRequest
from example_app.models import Comment
from example_app.routers.anti_patterns.engines import Bad
from example_app.schemas.posts import CommentWithAuthor

router = APIRouter(prefix="/comments")

_TEN = select(Comment).order_by(Comment.id).limit(10)


def get_sync_session(bad: Bad) -> Iterator[Session]:
    with bad.blocking() as session:
        yield session


@router.get("", response_model=list[CommentWithAuthor])
def list_comments_slowly(session: Annotated[Session, Depends(get_sync_session)]) -> Sequence[Comment]:
    """Return before the authors are loaded: making the answer loads them, one by one, and no line of ours is seen."""
    return session.scalars(_TEN).all()


@router.get("/unloaded", response_model=list[CommentWithAuthor])
async def list_comments_unloaded(session: SessionOfRequest) -> Sequence[Comment]:
    """Do the same with an AsyncSession, which cannot load without `await`: MissingGreenlet, and a 500."""
    return (await session.scalars(_TEN)).all()


@router.get("/detached", response_model=list[CommentWithAuthor])
def list_comments_detached(bad: Bad) -> Sequence[Comment]:
    """Close the session before the authors are loaded: nothing can load them any more, and the answer is a 500."""
    with bad.blocking() as session:
        return session.scalars(_TEN).all()
