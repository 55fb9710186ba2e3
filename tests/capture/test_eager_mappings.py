"""Which relationships have an eager loader in their mapping, and which option does the same: known where reads are."""

from __future__ import annotations

import pytest
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, configure_mappers, mapped_column, relationship

from query_guard.capture.freeze.facts import freeze
from query_guard.capture.hooks.attribute_reads import noting_reads
from query_guard.capture.window.recorder import Recorder
from query_guard.records import Request


class Base(DeclarativeBase):
    pass


class Garden(Base):
    __tablename__ = "gardens"

    id: Mapped[int] = mapped_column(primary_key=True)
    trees: Mapped[list[Tree]] = relationship(lazy="selectin", viewonly=True)
    old_trees: Mapped[list[Tree]] = relationship(lazy="subquery", viewonly=True)
    tall_trees: Mapped[list[Tree]] = relationship(lazy="joined", viewonly=True)
    fruit_trees: Mapped[list[Tree]] = relationship(lazy=False, viewonly=True)
    rare_trees: Mapped[list[Tree]] = relationship(lazy="select", viewonly=True)
    lost_trees: Mapped[list[Tree]] = relationship(lazy="raise", viewonly=True)


class Tree(Base):
    __tablename__ = "trees"

    id: Mapped[int] = mapped_column(primary_key=True)
    garden_id: Mapped[int] = mapped_column(ForeignKey("gardens.id"))


BLOCK = Request("block", "", "job")
EAGER = {
    ("Garden.trees", "selectinload"),
    ("Garden.old_trees", "subqueryload"),
    ("Garden.tall_trees", "joinedload"),
    ("Garden.fruit_trees", "joinedload"),
}


@pytest.mark.query_guard(mode="off")  # the reads of a test that is recorded are noted already
def test_eager_loaders_of_mappings_are_known_to_who_notes_reads() -> None:
    configure_mappers()
    noting, other = Recorder(), Recorder()
    with noting_reads(noting):
        known = freeze(noting, BLOCK).eager_mappings
        assert freeze(other, BLOCK).eager_mappings == frozenset()
    assert {mapping for mapping in known if mapping[0].startswith("Garden.")} == EAGER
    assert freeze(noting, BLOCK).eager_mappings == frozenset()
