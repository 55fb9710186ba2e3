"""People, and what they say about themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from example_app.db.base import Base
from example_app.models.mixins import Timestamped
from example_app.models.role import user_roles

if TYPE_CHECKING:
    from example_app.models.comment import Comment
    from example_app.models.post import Post
    from example_app.models.role import Role


class User(Timestamped):
    """`posts` names its foreign key, as the columns of the audit trail lead from a post to a user, too."""

    __tablename__ = "users"

    name: Mapped[str] = mapped_column(String(100))
    email: Mapped[str] = mapped_column(String(320), unique=True)
    hashed_password: Mapped[str] = mapped_column(String(200))

    posts: Mapped[list[Post]] = relationship(
        back_populates="author", foreign_keys="Post.author_id", order_by="Post.id", passive_deletes=True
    )
    comments: Mapped[list[Comment]] = relationship(back_populates="author", order_by="Comment.id", passive_deletes=True)
    roles: Mapped[list[Role]] = relationship(secondary=user_roles, back_populates="users", passive_deletes=True)
    profile: Mapped[UserProfile | None] = relationship(
        back_populates="user", cascade="all, delete-orphan", passive_deletes=True
    )


class UserProfile(Base):
    """One for each user at most: its primary key is the user's. Without its user it goes (delete-orphan)."""

    __tablename__ = "user_profiles"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    bio: Mapped[str | None]
    website: Mapped[str | None] = mapped_column(String(200))

    user: Mapped[User] = relationship(back_populates="profile")
