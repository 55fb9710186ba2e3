"""Which columns find at most one row of a table."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Index, String, UniqueConstraint, func, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from query_guard.capture.origin.unique_keys import are_unique


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    shop: Mapped[int]
    number: Mapped[int]
    phone: Mapped[str] = mapped_column(String(20))
    tax: Mapped[str] = mapped_column(index=True)
    code: Mapped[str]
    __table_args__ = (
        UniqueConstraint("shop", "number"),
        Index("of_live_phones", "phone", unique=True, postgresql_where=text("number > 0")),
        Index("of_lower_codes", "code", func.coalesce(text("number"), 0), text("(shop % 2)"), unique=True),
    )


TABLE: Any = Account.__table__


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("id",), True),
        (("id", "tax"), True),
        (("email",), True),
        (("shop", "number"), True),
        (("shop",), False),
        (("phone",), False),
        (("code",), False),
        (("tax",), False),
        ((), False),
    ],
)
def test_a_key_finds_one_row_and_a_partial_index_may_find_more(names: tuple[str, ...], expected: bool) -> None:
    assert are_unique(Account.__mapper__, [TABLE.c[name] for name in names]) is expected


def test_without_a_mapping_nothing_is_known() -> None:
    assert not are_unique(None, [TABLE.c["id"]])
