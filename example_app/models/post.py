"""What users write."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from example_app.models.mixins import Audited, SoftDelete

if TYPE_CHECKING:
    from example_app.models.comment import Comment
    from example_app.models.user import User


class Post(Audited, SoftDelete):
    __tablename__ = "posts"

    title: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str | None] = mapped_column(String(500))
    views: Mapped[int] = mapped_column(default=0)
    published_at: Mapped[datetime | None]
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)

    author: Mapped[User] = relationship(back_populates="posts", foreign_keys=[author_id])
    comments: Mapped[list[Comment]] = relationship(back_populates="post", order_by="Comment.id", passive_deletes=True)
