"""A relationship whose foreign key no attribute has hides nothing of the statements for its target."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, Table, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from sqlalchemy.pool import StaticPool

from query_guard import record


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "authors"

    id: Mapped[int] = mapped_column(primary_key=True)


class Letter(Base):
    __table__ = Table(
        "letters",
        Base.metadata,
        Column("id", Integer, primary_key=True),
        Column("author_id", ForeignKey("authors.id")),
    )
    __mapper_args__ = {"exclude_properties": ["author_id"]}

    author: Mapped[Author] = relationship(viewonly=True)


class Poem(Base):
    __tablename__ = "poems"

    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
    author: Mapped[Author] = relationship()


def test_a_lookup_is_described_though_one_of_its_referrers_has_no_attribute_for_its_key() -> None:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    with record() as recording, Session(engine) as session:
        session.scalars(select(Author).where(Author.id == 1)).all()
    engine.dispose()
    [row] = recording.report.facts.statements
    assert (row.info.entity, row.info.filters, row.info.unique) == ("Author", ("id",), True)
    assert row.info.referrers == (("Poem", "author", "author_id"),)
