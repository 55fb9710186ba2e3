"""A primary key looked up in a loop, with no relationship in sight."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import select

from example_app.database import SessionOfRequest
from example_app.models import Comment, User
from example_app.schemas import CommentWithName
from query_guard import query_budget

router = APIRouter(tags=["comments"])


@router.get("/anti-patterns/comments")
async def list_comments_slowly(session: SessionOfRequest) -> list[CommentWithName]:
    comments = await session.scalars(select(Comment).order_by(Comment.id).limit(10))
    named = []
    for comment in comments:
        author = (await session.scalars(select(User).where(User.id == comment.author_id))).one()
        named.append(CommentWithName(text=comment.text, author_name=author.name))
    return named


@router.get("/comments")
@query_budget(max_queries=2)
async def list_comments(session: SessionOfRequest) -> list[CommentWithName]:
    comments = (await session.scalars(select(Comment).order_by(Comment.id).limit(10))).all()
    ids = {comment.author_id for comment in comments}
    authors = {user.id: user for user in await session.scalars(select(User).where(User.id.in_(ids)))}
    return [CommentWithName(text=comment.text, author_name=authors[comment.author_id].name) for comment in comments]
