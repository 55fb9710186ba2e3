"""What users say about posts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from example_app.models.mixins import SoftDelete, Timestamped

if TYPE_CHECKING:
    from example_app.models.post import Post
    from example_app.models.user import User


class Comment(Timestamped, SoftDelete):
    __tablename__ = "comments"

    text: Mapped[str]
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)

    post: Mapped[Post] = relationship(back_populates="comments")
    author: Mapped[User] = relationship(back_populates="comments")
