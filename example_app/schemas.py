"""What the endpoints take and answer."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class FromRow(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class UserOut(FromRow):
    id: int
    name: str


class Profile(BaseModel):
    name: str
    email: str


class PostTitle(FromRow):
    id: int
    title: str


class UserWithPosts(UserOut):
    posts: list[PostTitle]


class PostWithAuthor(PostTitle):
    author: UserOut


class NewPosts(BaseModel):
    author_id: int
    titles: list[str] = Field(min_length=1, max_length=100)


class CommentWithName(BaseModel):
    text: str
    author_name: str


class Activity(BaseModel):
    posts: int


class Sent(BaseModel):
    to: str
