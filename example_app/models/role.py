"""What users may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, ForeignKey, String, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from example_app.db.base import Base

if TYPE_CHECKING:
    from example_app.models.user import User

user_roles = Table(
    "user_roles",
    Base.metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True, index=True),
)
"""The database itself deletes these rows with their user or role, whoever deletes that, psql included."""


class Role(Base):
    """The default ones are inserted by a migration, since the application cannot do without them."""

    __tablename__ = "roles"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)
    description: Mapped[str] = mapped_column(String(200))

    users: Mapped[list[User]] = relationship(secondary=user_roles, back_populates="roles", passive_deletes=True)
