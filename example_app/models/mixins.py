"""Columns that many tables share: a key, when and by whom a row was written, and whether it still counts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, false
from sqlalchemy.orm import Mapped, mapped_column

from example_app.core.current_user import current_user_id
from example_app.db.base import Base, utc_now


class Timestamped(Base):
    """`created_at` is indexed, since lists are shown newest first."""

    __abstract__ = True

    id: Mapped[int] = mapped_column(primary_key=True, sort_order=-1)
    created_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)


class Audited(Timestamped):
    """Also who: defaults of the columns fill it, so that bulk `insert()` and `update()` are covered like a flush."""

    __abstract__ = True

    created_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), default=current_user_id
    )
    updated_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), default=current_user_id, onupdate=current_user_id
    )


class SoftDelete:
    """Rows that are marked, not deleted; `db.session` keeps them out of every SELECT."""

    is_deleted: Mapped[bool] = mapped_column(default=False, server_default=false())
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)

    def mark_deleted(self) -> None:
        self.is_deleted, self.deleted_at = True, utc_now()

    def restore(self) -> None:
        self.is_deleted, self.deleted_at = False, None
