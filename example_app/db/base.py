"""The class that every model derives from, with a name for each constraint."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, MetaData
from sqlalchemy.ext.asyncio import AsyncAttrs
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Constraints named by rule can be dropped by a migration; those named by the database differ from one to the next."""


def utc_now() -> datetime:
    """Return the time with its zone; `datetime.utcnow` has none, and is compared with local times by mistake."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A time with zone on every database: SQLite keeps none, so it is given and taken in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without zone was given; use datetime.now(UTC)")
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        with_zone: datetime = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return with_zone


class Base(AsyncAttrs, DeclarativeBase):
    """`AsyncAttrs` lets async code await an attribute that was not loaded; whoever does so in a loop has an N+1."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: UtcDateTime}  # noqa: RUF012 - SQLAlchemy's own way to write it
