"""Why columns were loaded by themselves: each reason for it, and for which object."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, FetchedValue, ForeignKey, create_engine, func, literal_column, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, column_property, mapped_column
from sqlalchemy.pool import StaticPool

from query_guard import record
from query_guard.capture.origin import loaders
from query_guard.records import Loader, Statement


class Base(DeclarativeBase):
    pass


class Paper(Base):
    __tablename__ = "papers"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "paper", "eager_defaults": False}

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    title: Mapped[str]
    summary: Mapped[str] = mapped_column(default="short", deferred=True)
    made: Mapped[str] = mapped_column(server_default=text("'now'"))
    changed: Mapped[str | None] = mapped_column(onupdate=func.lower("CHANGED"))
    counted: Mapped[int | None] = mapped_column(server_onupdate=FetchedValue())
    pages: Mapped[int] = mapped_column(default=1, onupdate=lambda: 2)


class Letter(Paper):
    __tablename__ = "letters"
    __mapper_args__ = {"polymorphic_identity": "letter"}

    id: Mapped[int] = mapped_column(ForeignKey("papers.id"), primary_key=True)
    sender: Mapped[str]


class Label(Base):
    __tablename__ = "labels"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    loud: Mapped[str] = column_property(func.upper(literal_column("name")))


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([Letter(id=number, title="a", sender="b", made="then") for number in (1, 2)])
        session.commit()
    yield engine
    engine.dispose()


def loads(engine: Engine, body: Callable[[Session], object]) -> list[Statement]:
    with record("block") as recording, Session(engine) as session:
        body(session)
    return [row for row in recording.statements if row.loader is not None]


def told(engine: Engine, body: Callable[[Session], object]) -> list[tuple[str, str, tuple[str, ...]]]:
    given = [row.loader for row in loads(engine, body) if row.loader is not None]
    return [(loader.kind, loader.attribute, loader.parents) for loader in given]


def deferred_column(session: Session) -> object:
    return session.get_one(Letter, 1).summary


def of_subclass(session: Session) -> object:
    paper: Any = session.scalars(select(Paper)).first()
    return paper.sender


def expired(session: Session) -> object:
    letter = session.get_one(Letter, 1)
    session.expire(letter)
    return letter.title


def expired_attribute(session: Session) -> object:
    letter = session.get_one(Letter, 1)
    session.expire(letter, ["title"])
    return letter.title


def refreshed(session: Session) -> None:
    session.refresh(session.get_one(Letter, 1))


def refreshed_attributes(session: Session) -> None:
    session.refresh(session.get_one(Letter, 1), ["title", "sender"])


def server_default(session: Session) -> object:
    letter = Letter(title="a", sender="b")
    session.add(letter)
    session.flush()
    return letter.made


def changed(session: Session) -> object:
    letter = session.get_one(Letter, 1)
    letter.title = "other"
    session.flush()
    return letter.changed


def expression(session: Session) -> object:
    label = Label(name="a")
    session.add(label)
    session.flush()
    return label.loud


def plain_default(session: Session) -> object:
    letter = session.get_one(Letter, 1)
    session.expire(letter, ["pages"])
    return letter.pages


def select_after_flush(session: Session) -> None:
    """Do what is advised for values that SQL computes."""
    labels = [Label(name="a"), Label(name="b")]
    session.add_all(labels)
    session.flush()
    session.scalars(select(Label).where(Label.id.in_([label.id for label in labels]))).all()
    assert [label.loud for label in labels] == ["A", "B"]


LETTER = ("Letter", "Paper")


@pytest.mark.parametrize(
    ("body", "told_of"),
    [
        (deferred_column, ("column", "summary", LETTER)),
        (of_subclass, ("subclass", "sender", ("Paper",))),
        (expired, ("expired", "", LETTER)),
        (expired_attribute, ("expired", "", LETTER)),
        (refreshed, ("refresh", "", LETTER)),
        (refreshed_attributes, ("refresh", "sender, title", LETTER)),
        (server_default, ("generated", "made", LETTER)),
        (changed, ("generated", "changed, counted", LETTER)),
        (expression, ("computed", "loud", ("Label",))),
        (plain_default, ("expired", "", LETTER)),
    ],
)
def test_each_reason_to_load_columns(
    engine: Engine, body: Callable[[Session], object], told_of: tuple[str, str, tuple[str, ...]]
) -> None:
    assert told(engine, body) == [told_of]


def test_one_select_after_the_flush_loads_what_sql_computes(engine: Engine) -> None:
    assert told(engine, select_after_flush) == []


def test_an_object_is_known_again_in_another_session(engine: Engine) -> None:
    def both(session: Session) -> None:
        for letter in session.scalars(select(Letter).order_by(Letter.id)):
            assert letter.summary

    (first, second), (again,) = loads(engine, both), loads(engine, deferred_column)
    assert again.owner == first.owner != second.owner
    assert None not in (first.owner, second.owner)


def test_loaders_are_remembered_in_bounds(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[tuple[Any, ...], Loader] = {}
    monkeypatch.setattr(loaders, "_loaders", kept)
    monkeypatch.setattr(loaders, "_MAX_LOADERS", 2)
    sizes = []
    for body in (deferred_column, refreshed, expired, deferred_column):
        loads(engine, body)
        sizes.append(len(kept))
    assert sizes == [1, 2, 1, 2]
