"""What can be bought."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from example_app.models.mixins import Audited


class Product(Audited):
    """Optimistic locking: an UPDATE names the version that was read and counts it up.

    When someone else was faster it meets no row, and SQLAlchemy raises StaleDataError, which the client sees as 409.
    """

    __tablename__ = "products"
    __table_args__ = (CheckConstraint("stock >= 0", name="stock_not_negative"),)

    name: Mapped[str] = mapped_column(String(100))
    price_cents: Mapped[int]
    stock: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own way to write it
