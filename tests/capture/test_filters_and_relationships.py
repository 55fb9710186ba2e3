"""What a filter finds: at most one row, what a relationship loads, or the target of a foreign key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Engine,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    UniqueConstraint,
    and_,
    create_engine,
    select,
)
from sqlalchemy.orm import (
    DeclarativeBase,
    DynamicMapped,
    Mapped,
    Session,
    WriteOnlyMapped,
    mapped_column,
    relationship,
)
from sqlalchemy.pool import StaticPool

from query_guard import record
from query_guard.records import StatementInfo


class Base(DeclarativeBase):
    pass


class Shop(Base):
    __tablename__ = "shops"

    id: Mapped[int] = mapped_column(primary_key=True)
    items: Mapped[list[Item]] = relationship(back_populates="shop", foreign_keys="Item.shop_id")
    by_code: Mapped[list[Item]] = relationship(order_by="Item.code", foreign_keys="Item.shop_id", viewonly=True)
    cheap: Mapped[list[Item]] = relationship(
        primaryjoin="and_(Shop.id == foreign(Item.shop_id), Item.price < 10)", viewonly=True
    )
    free: Mapped[list[Item]] = relationship(
        primaryjoin="and_(Shop.id == foreign(Item.shop_id), Item.price == 0)", viewonly=True
    )
    up_to: Mapped[list[Item]] = relationship(primaryjoin="foreign(Item.shop_id) <= Shop.id", viewonly=True)
    later: DynamicMapped[Item] = relationship(foreign_keys="Item.shop_id", viewonly=True)
    written: WriteOnlyMapped[Item] = relationship(foreign_keys="Item.shop_id", viewonly=True)


class MarketHall(Shop):
    __tablename__ = "market_halls"

    id: Mapped[int] = mapped_column(ForeignKey("shops.id"), primary_key=True)


class Shelf(Base):
    __tablename__ = "shelves"

    floor: Mapped[int] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    items: Mapped[list[Item]] = relationship(viewonly=True)


class Item(Base):
    __tablename__ = "items"
    __table_args__ = (
        ForeignKeyConstraint(["floor", "place"], ["shelves.floor", "shelves.place"]),
        UniqueConstraint("shop_id", "code"),
        Index("one_per_ean", "ean", unique=True),
        Index("by_price", "price"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    ean: Mapped[str]
    price: Mapped[int]
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"))
    floor: Mapped[int]
    place: Mapped[int]
    shop: Mapped[Shop] = relationship(back_populates="items", foreign_keys=[shop_id])
    open_shop: Mapped[Shop] = relationship(
        primaryjoin="and_(foreign(Item.shop_id) == Shop.id, Shop.id > 0)", viewonly=True
    )
    shelf: Mapped[Shelf] = relationship(viewonly=True)


class Ledger(Base):
    __table__ = Table("ledgers", Base.metadata, Column("id", Integer, primary_key=True), Column("closed", Integer))
    __mapper_args__ = {"exclude_properties": ["closed"]}


class Offer(Item):
    __tablename__ = "offers"

    id: Mapped[int] = mapped_column(ForeignKey("items.id"), primary_key=True)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


def info_of(engine: Engine, statement: Any) -> StatementInfo:
    with record("block") as recording, Session(engine) as session:
        session.execute(statement).all()
    return recording.statements[0].info


OF_SHOP = select(Item).where(Item.shop_id == 1)


@pytest.mark.parametrize(
    ("statement", "walks"),
    [
        (select(Item), []),
        (OF_SHOP, [("Shop", "by_code"), ("Shop", "items")]),
        (OF_SHOP.order_by(Item.code), [("Shop", "by_code")]),
        (OF_SHOP.order_by(Item.price), []),
        (OF_SHOP.where(Item.price == 0), []),
        (select(Item).where(Item.floor == 1), []),
        (select(Item).where(Item.floor == 1, Item.place == 2), [("Shelf", "items")]),
        (select(Item).where(Item.floor == 1, Item.place == 2, Item.shop_id == 3), []),
        (select(Item).where(Item.floor == 1, Item.code == "a"), []),
        (select(Offer).where(Item.shop_id == 1), [("Shop", "by_code"), ("Shop", "items")]),
        (select(Shop).where(Shop.id == 1), []),
    ],
)
def test_a_filter_on_a_foreign_key_finds_what_a_collection_loads(
    engine: Engine, statement: Any, walks: list[tuple[str, str]]
) -> None:
    assert sorted(info_of(engine, statement).walks) == walks


@pytest.mark.parametrize(
    ("statement", "referrers"),
    [
        (select(Shop), []),
        (select(MarketHall).where(Shop.id == 1), []),
        (select(Shop).where(Shop.id == 1), [("Item", "shop", "shop_id")]),
        (select(Shelf).where(Shelf.floor == 1), []),
        (select(Shelf).where(Shelf.floor == 1, Shelf.place == 2), []),
        (select(Item).where(Item.id == 1), []),
        (select(Item).where(Item.shop_id == 1), []),
    ],
)
def test_a_filter_on_a_key_finds_what_many_to_ones_lead_to(
    engine: Engine, statement: Any, referrers: list[tuple[str, str, str]]
) -> None:
    assert sorted(info_of(engine, statement).referrers) == referrers


@pytest.mark.parametrize(
    ("statement", "unique"),
    [
        (select(Item), False),
        (select(Item).where(Item.id == 1), True),
        (select(Item).where(Item.id > 1), False),
        (select(Item).where(Item.id == 1, Item.price == 2), True),
        (select(Item).where(Item.ean == "1"), True),
        (select(Item).where(Item.price == 1), False),
        (select(Item).where(Item.code == "1"), False),
        (select(Item).where(Item.code == "1", Item.shop_id == 2), True),
        (select(Shelf).where(Shelf.floor == 1), False),
        (select(Shelf).where(Shelf.floor == 1, Shelf.place == 1), True),
        (select(Item.__table__).where(Item.__table__.c.id == 1), False),
        (select(select(Item.id).subquery()), False),
    ],
)
def test_a_filter_on_a_key_or_a_unique_constraint_finds_one_row(engine: Engine, statement: Any, unique: bool) -> None:
    assert info_of(engine, statement).unique is unique


@pytest.mark.parametrize(
    ("statement", "filters"),
    [
        (select(Item), ()),
        (select(Item).where(Item.code == "a", Item.price == 1), ("code", "price")),
        (select(Item).where(Item.code == "a", Item.price > 1), ()),
        (select(Item).where(and_(Item.code == "a", Item.price == 1)), ("code", "price")),
        (select(Item).join(Item.shop).where(Shop.id == 1), ()),
        (select(Item).join(Item.shop).where(Shop.id == 1, Item.code == "a"), ()),
        (select(Item.__table__).where(Item.__table__.c.shop_id == 1), ("shop_id",)),
    ],
)
def test_filters_are_those_of_what_is_selected(engine: Engine, statement: Any, filters: tuple[str, ...]) -> None:
    assert info_of(engine, statement).filters == filters


def test_a_filter_on_a_column_that_is_not_mapped_hides_nothing_else(engine: Engine) -> None:
    found = info_of(engine, select(Ledger).where(Ledger.__table__.c.closed == 1))
    assert (found.entity, found.filters, found.clauses.where) == ("Ledger", ("closed",), ())
    assert found.clauses.further == ("a condition",)
