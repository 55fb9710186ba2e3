"""Posts, comments, and the lists in which they appear."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from example_app.schemas.base import Incoming, Outgoing
from example_app.schemas.users import UserOut


class PostCreate(Incoming):
    title: str = Field(min_length=1, max_length=200)
    summary: str | None = Field(default=None, max_length=500)


class PostsCreate(Incoming):
    titles: list[str] = Field(min_length=1, max_length=100)


class PostUpdate(Incoming):
    """Each field may be left out; only `summary` may also be null, which empties it."""

    title: str = Field(default="", min_length=1, max_length=200)
    summary: str | None = Field(default=None, max_length=500)


class PostTitle(Outgoing):
    id: int
    title: str


class PostOut(PostTitle):
    summary: str | None
    views: int
    published_at: datetime | None
    created_at: datetime
    created_by_id: int | None
    updated_at: datetime
    updated_by_id: int | None


class PostWithAuthor(PostTitle):
    author: UserOut


class CommentCreate(Incoming):
    text: str = Field(min_length=1, max_length=2000)


class CommentOut(Outgoing):
    id: int
    text: str


class CommentWithAuthor(CommentOut):
    author: UserOut


class PostWithComments(PostWithAuthor):
    views: int
    comments: list[CommentWithAuthor]


class UserWithPosts(UserOut):
    posts: list[PostTitle]


class History(UserWithPosts):
    comments: list[CommentOut]


class Removed(Outgoing):
    posts: int


class Activity(Outgoing):
    posts: int


class Totals(Outgoing):
    users: int
    posts: int
    comments: int
    products: int


class Commenter(UserOut):
    written: int


class Digest(Outgoing):
    digest: str
