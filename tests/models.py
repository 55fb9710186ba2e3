"""Mappings for the tests: each kind of relationship that a real application has."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Table
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.ext.asyncio import AsyncAttrs
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(AsyncAttrs, DeclarativeBase):
    pass


post_tags = Table(
    "post_tags",
    Base.metadata,
    Column("post_id", ForeignKey("posts.id"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
)


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    biography: Mapped[str] = mapped_column(default="long", deferred=True)
    posts: Mapped[list[Post]] = relationship(back_populates="author", order_by="Post.id", foreign_keys="Post.author_id")
    titles: AssociationProxy[list[str]] = association_proxy("posts", "title")


class Post(Base):
    __tablename__ = "posts"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    updater_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    author: Mapped[User | None] = relationship(back_populates="posts", foreign_keys=[author_id])
    updater: Mapped[User | None] = relationship(foreign_keys=[updater_id])
    comments: Mapped[list[Comment]] = relationship(back_populates="post", order_by="Comment.id")
    tags: Mapped[list[Tag]] = relationship(secondary=post_tags)


class Comment(Base):
    __tablename__ = "comments"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"))
    post: Mapped[Post] = relationship(back_populates="comments")


class Tag(Base):
    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Node(Base):
    __tablename__ = "nodes"

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("nodes.id"))
    children: Mapped[list[Node]] = relationship(order_by="Node.id")


class Vehicle(Base):
    __tablename__ = "vehicles"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "vehicle"}

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    parts: Mapped[list[Part]] = relationship(order_by="Part.id")


class Car(Vehicle):
    __tablename__ = "cars"
    __mapper_args__ = {"polymorphic_identity": "car"}

    id: Mapped[int] = mapped_column(ForeignKey("vehicles.id"), primary_key=True)
    doors: Mapped[int]


class Part(Base):
    __tablename__ = "parts"

    id: Mapped[int] = mapped_column(primary_key=True)
    vehicle_id: Mapped[int] = mapped_column(ForeignKey("vehicles.id"))


class Versioned(Base):
    __tablename__ = "versioned"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}


def sample(users: int = 5, posts_each: int = 3) -> list[Base]:
    """Return users with posts, comments and tags, a tree of nodes, and cars with parts."""
    tags = [Tag(id=number, name=f"tag {number}") for number in range(1, 4)]
    rows: list[Base] = [*tags]
    for number in range(1, users + 1):
        author = User(id=number, name=f"user {number}")
        author.posts = [
            Post(title=f"post {n}", updater_id=number, tags=tags[: n % 3 + 1], comments=[Comment(text="first")] * 1)
            for n in range(posts_each)
        ]
        rows.append(author)
    rows += [Node(id=1), *(Node(id=n, parent_id=n // 2) for n in range(2, 8))]
    rows += [Car(id=n, doors=4, parts=[Part(), Part()]) for n in range(1, 5)]
    return rows
