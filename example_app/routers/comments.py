"""Comments."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from sqlalchemy.orm import joinedload

from example_app import crud
from example_app.core.errors import not_found
from example_app.dependencies.auth import CurrentUser
from example_app.dependencies.pages import PageOfRequest
from example_app.dependencies.sessions import SessionOfRequest
from example_app.models import Comment
from example_app.schemas.posts import CommentCreate, CommentOut, CommentWithAuthor
from query_guard import query_budget

router = APIRouter(tags=["comments"])


@router.get("/comments", response_model=list[CommentWithAuthor])
@query_budget(max_queries=1)
async def list_comments(session: SessionOfRequest, page: PageOfRequest) -> Sequence[Comment]:
    """Load what the answer shows: the schema reads `author`, and reading is too late for an AsyncSession to load it."""
    return await crud.comment.list(session, page, joinedload(Comment.author))


@router.post("/posts/{post_id}/comments", response_model=CommentOut, status_code=201)
@query_budget(max_queries=3)
async def add_comment(post_id: int, new: CommentCreate, user: CurrentUser, session: SessionOfRequest) -> Comment:
    if await crud.post.get(session, post_id) is None:
        raise not_found("post")
    comment = await crud.comment.create(session, new, post_id=post_id, author_id=user.id)
    await session.commit()
    return comment
