"""Which relationships were read, without a trace of the noting once it is over."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, Integer, Table, create_engine, event, inspect, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import (
    DeclarativeBase,
    InstrumentedAttribute,
    Mapped,
    Session,
    aliased,
    configure_mappers,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
    synonym,
)
from sqlalchemy.pool import StaticPool

from query_guard.capture.hooks.attribute_reads import _foreign_key, noting_reads
from query_guard.capture.window.recorder import Recorder
from tests.models import Base, Car, Comment, Post, User, sample


@pytest.fixture(scope="module")
def session_of() -> Iterator[Callable[[], Session]]:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(sample())
        session.commit()
    yield lambda: Session(engine)
    engine.dispose()


@pytest.fixture
def session(session_of: Callable[[], Session]) -> Iterator[Session]:
    with session_of() as session:
        yield session


def reads(recorder: Recorder) -> dict[tuple[str, bool], int]:
    """How often each relationship was read, plainly or to be counted."""
    counts: dict[tuple[str, bool], int] = {}
    for (name, counted, _, _), count in (recorder.reads or {}).items():
        counts[name, counted] = counts.get((name, counted), 0) + count
    return counts


def noted(body: Callable[[], object]) -> dict[tuple[str, bool], int]:
    recorder = Recorder()
    with noting_reads(recorder):
        body()
    return reads(recorder)


def attributes() -> dict[str, type]:
    mappers = Base.registry.mappers
    return {f"{m.class_.__name__}.{key}": type(a) for m in mappers for key, a in m.class_manager.items()}


def test_a_read_is_named_after_the_class_that_declares_the_relationship(session: Session) -> None:
    user, car = session.get_one(User, 1), session.get_one(Car, 1)
    assert noted(lambda: (user.posts[0].author, user.posts, car.parts)) == {
        ("User.posts", False): 2,
        ("Post.author", False): 1,
        ("Vehicle.parts", False): 1,
    }


def test_every_attribute_is_restored_exactly(session: Session) -> None:
    before = attributes()
    user = session.get_one(User, 1)
    recorder = Recorder()
    with noting_reads(recorder):
        assert attributes() != before
        assert type(User.__dict__["name"]) is InstrumentedAttribute
    assert attributes() == before
    list(user.posts)
    assert reads(recorder) == {}


def test_they_are_restored_after_an_exception() -> None:
    before = attributes()
    with pytest.raises(ZeroDivisionError), noting_reads(Recorder()):
        _ = 1 / 0
    assert attributes() == before


def test_blocks_nest(session: Session) -> None:
    user = session.get_one(User, 1)
    outer, inner = Recorder(), Recorder()
    with noting_reads(outer):
        with noting_reads(inner):
            list(user.posts)
        list(user.posts)
    assert (reads(outer), reads(inner)) == ({("User.posts", False): 2}, {("User.posts", False): 1})


def test_blocks_of_different_threads_may_overlap() -> None:
    before = attributes()
    user = User(posts=[])
    outer, inner = noting_reads(Recorder()), noting_reads(recorder := Recorder())
    outer.__enter__()
    inner.__enter__()
    outer.__exit__(None, None, None)
    list(user.posts)
    inner.__exit__(None, None, None)
    assert reads(recorder) == {("User.posts", False): 1}
    assert attributes() == before


def test_reads_of_any_thread_are_noted() -> None:
    user = User(posts=[])

    def read() -> None:
        for _ in range(500):
            list(user.posts)

    def in_threads() -> None:
        threads = [threading.Thread(target=read) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert noted(in_threads) == {("User.posts", False): 4000}


def test_sqlalchemys_own_work_reads_nothing(session: Session) -> None:
    def work() -> None:
        users = session.scalars(select(User).options(selectinload(User.posts).joinedload(Post.comments))).unique().all()
        post = Post(title="new", author=users[0])
        comment = Comment(text="cascades and backrefs", post=post)
        session.add(post)
        session.flush()
        session.merge(User(id=2, name="merged", posts=[]))
        session.refresh(users[0])
        session.expire(users[1])
        session.delete(comment)
        session.scalars(select(Post).options(joinedload(Post.author))).all()
        session.rollback()

    assert noted(work) == {}


def test_looking_past_the_attributes_reads_nothing(session: Session) -> None:
    user = session.scalars(select(User).options(selectinload(User.posts))).first()
    assert user is not None

    def look() -> None:
        assert "posts" in vars(user)
        assert inspect(user).attrs.posts.loaded_value
        assert copy.copy(user).id == user.id
        assert pickle.loads(pickle.dumps(user)).id == user.id
        assert str(User.posts) == "User.posts"

    assert noted(look) == {}


def test_the_attribute_itself_is_copied_pickled_and_listened_to_as_ever() -> None:
    heard: list[Any] = []

    def hear(*change: Any) -> None:
        heard.append(change)

    with noting_reads(Recorder()):
        event.listen(User.posts, "append", hear)
        user = User()
        user.posts.append(Post())
        alias = aliased(User).posts
        assert copy.copy(User.posts) is User.posts
        assert isinstance(User.posts, InstrumentedAttribute)
    event.remove(User.posts, "append", hear)
    assert len(heard) == 1
    assert type(alias) is InstrumentedAttribute


def test_a_statement_is_cached_with_and_without(session: Session) -> None:
    query = select(User).join(User.posts).options(selectinload(User.posts))
    with noting_reads(Recorder()):
        inside = query._generate_cache_key()
        assert session.scalars(query).unique().all()
    assert inside is not None
    assert session.scalars(query).unique().all()


def test_an_association_proxy_reads_for_the_application(session: Session) -> None:
    user = session.get_one(User, 1)
    assert set(noted(lambda: list(user.titles))) == {("User.posts", False)}


def test_awaitable_attributes_read_for_the_application() -> None:
    import asyncio

    async def body() -> None:
        engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        async with AsyncSession(engine) as session:
            session.add(User(name="one"))
            await session.commit()
            user = (await session.scalars(select(User))).one()
            assert len(await user.awaitable_attrs.posts) == 0
        await engine.dispose()

    assert noted(lambda: asyncio.run(body())) == {("User.posts", False): 1}


def test_a_class_that_is_mapped_meanwhile_is_noted_too() -> None:
    def map_late() -> None:
        class Late(DeclarativeBase):
            pass

        class Parent(Late):
            __tablename__ = "parents"
            id: Mapped[int] = mapped_column(primary_key=True)
            children: Mapped[list[Any]] = relationship("Child", backref="parent")
            kids = synonym("children")

        class Child(Late):
            __tablename__ = "children"
            id: Mapped[int] = mapped_column(primary_key=True)
            parent_id: Mapped[int] = mapped_column(ForeignKey("parents.id"))

        child = Child(parent=Parent())
        assert child.parent.kids == [child]  # type: ignore[attr-defined]  # a synonym, which is mapped late on purpose
        late.append(Parent)

    late: list[Any] = []
    assert noted(map_late) == {("Child.parent", False): 1, ("Parent.children", False): 1}
    assert type(late[0].children) is InstrumentedAttribute


def test_mappings_that_are_not_finished_are_left_alone() -> None:
    class Unfinished(DeclarativeBase):
        pass

    class Half(Unfinished):
        __tablename__ = "halves"
        id: Mapped[int] = mapped_column(primary_key=True)
        other: Mapped[Any] = relationship("DoesNotExistYet")

    assert noted(lambda: User(posts=[]).posts) == {("User.posts", False): 1}
    Unfinished.registry.dispose()
    configure_mappers()


USER, PAIRS = User(posts=[Post()]), [(User(posts=[]), 1)]
HOLDER = SimpleNamespace(user=USER, users=[USER], none=None, find=lambda *_names, **_options: USER)


def in_a_loop() -> None:
    for user in HOLDER.users:
        _ = len(user.posts) == 1


def with_a_variable(first: int = 0, users: Sequence[User] = (USER,)) -> int:
    return len(users[first].posts)


def in_a_branch() -> str | None:
    return "many" if len(USER.posts) > 1 and len(USER.posts) < 9 else None


def in_a_generator() -> int:
    return sum(len(user.posts) for user in HOLDER.users)


COUNTING: dict[str, Callable[[], object]] = {
    "global": lambda: len(USER.posts),
    "attribute": lambda: len(HOLDER.user.posts),
    "item": lambda: len(HOLDER.users[0].posts),
    "variable item": with_a_variable,
    "call": lambda: len(HOLDER.find().posts),
    "call with arguments": lambda: len(HOLDER.find("a", HOLDER.user, b=1).posts),
    "method": lambda: len([USER].copy().pop().posts),
    "argument": lambda: print(len(USER.posts), end="", file=None, flush=bool(USER)),
    "list comprehension": lambda: [len(user.posts) for user in HOLDER.users],
    "dict comprehension": lambda: {user.id: len(user.posts) for user in HOLDER.users},
    "condition of a comprehension": lambda: [user.id for user in HOLDER.users if len(user.posts)],
    "unpacked": lambda: [len(user.posts) for user, _ in PAIRS],
    "f-string": lambda: f"{len(USER.posts)} posts",
    "arithmetic": lambda: 1 + len(USER.posts) * 2,
    "loop": in_a_loop,
    "branch": in_a_branch,
    "generator": in_a_generator,
    "source of a module": lambda: exec("n = len(USER.posts)", {"USER": USER}),
    "source of a class": lambda: exec("class A:\n n = len(USER.posts)", {"USER": USER}),
}


@pytest.mark.parametrize("body", COUNTING.values(), ids=COUNTING.keys())
def test_a_read_only_to_count(body: Callable[[], object]) -> None:
    assert noted(body) == {("User.posts", True): 1}


def through_a_name() -> int:
    posts = USER.posts
    return len(posts)


def len_of_ones_own() -> int:
    def len(_posts: object) -> int:  # noqa: A001
        return 0

    return len(USER.posts)


PLAIN: dict[str, Callable[[], object]] = {
    "read": lambda: USER.posts,
    "name": through_a_name,
    "iterated": lambda: list(USER.posts),
    "truth": lambda: bool(USER.posts),
    "slice": lambda: len(USER.posts[1:]),
    "copy": lambda: len(list(USER.posts)),
    "method": lambda: len(USER.posts.copy()),
    "product": lambda: len(USER.posts * 2),
    "in a list": lambda: len([USER.posts]),
    "branching operand": lambda: len((HOLDER.none or USER).posts),
    "of two": lambda: (lambda *_: 0)(len, USER.posts),
    "getattr": lambda: len(getattr(USER, "posts")),  # noqa: B009
    "attrgetter": lambda: len(attrgetter("posts")(USER)),
    "mapped": lambda: list(map(len, map(attrgetter("posts"), [USER]))),
    "a len of one's own": len_of_ones_own,
    "a global len of one's own": lambda: exec("len(USER.posts)", {"USER": USER, "len": list}),
    "eval": lambda: eval("[*USER.posts]", {"USER": USER}),
}


@pytest.mark.parametrize("body", PLAIN.values(), ids=PLAIN.keys())
def test_a_plain_read(body: Callable[[], object]) -> None:
    assert noted(body) == {("User.posts", False): 1}


def test_a_single_object_is_never_counted() -> None:
    class Sized:
        author = USER

    assert noted(lambda: Post(author=User()).author) == {("Post.author", False): 1}
    assert len(Sized.author.posts) >= 1


def test_a_count_says_where_and_by_which_key() -> None:
    recorder = Recorder()
    with noting_reads(recorder):
        in_a_loop()
    assert recorder.reads is not None
    ((_, counted, foreign_key, site),) = recorder.reads
    assert (counted, foreign_key) == (True, ("Post.author_id",))
    assert site.innermost is not None
    assert site.innermost.function == "in_a_loop"


def test_a_loop_of_reads_is_one_fact() -> None:
    recorder = Recorder()
    with noting_reads(recorder):
        for _ in range(100):
            list(USER.posts)
    assert list((recorder.reads or {}).values()) == [100]


class OfItsOwn(DeclarativeBase):
    pass


class Shelf(OfItsOwn):
    __tablename__ = "shelves_of_reads"

    id: Mapped[int] = mapped_column(primary_key=True)
    volumes: Mapped[list[Volume]] = relationship(viewonly=True)
    hidden: Mapped[list[Hidden]] = relationship(viewonly=True)
    thick: Mapped[list[Volume]] = relationship(
        primaryjoin="and_(Shelf.id == foreign(Volume.shelf_id), Volume.pages > 900)", viewonly=True
    )
    empty: Mapped[list[Volume]] = relationship(
        primaryjoin="and_(Shelf.id == foreign(Volume.shelf_id), Volume.pages == 0)", viewonly=True
    )
    up_to: Mapped[list[Volume]] = relationship(primaryjoin="foreign(Volume.shelf_id) <= Shelf.id", viewonly=True)


class Volume(OfItsOwn):
    __tablename__ = "volumes_of_reads"

    id: Mapped[int] = mapped_column(primary_key=True)
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves_of_reads.id"))
    pages: Mapped[int]
    shelf: Mapped[Shelf] = relationship(viewonly=True)


class Hidden(OfItsOwn):
    __table__ = Table(
        "hidden_of_reads",
        OfItsOwn.metadata,
        Column("id", Integer, primary_key=True),
        Column("shelf_id", ForeignKey("shelves_of_reads.id")),
    )
    __mapper_args__ = {"exclude_properties": ["shelf_id"]}


def test_a_foreign_key_that_no_attribute_has_is_not_named() -> None:
    relationships = inspect(Shelf).relationships
    found = [_foreign_key(relationships[name]) for name in ("volumes", "hidden")]
    assert found == [("Volume.shelf_id",), ()]


def test_a_foreign_key_alone_ties_a_collection_to_its_owner_or_is_not_named() -> None:
    relationships = inspect(Shelf).relationships
    assert [_foreign_key(relationships[name]) for name in ("thick", "empty", "up_to")] == [(), (), ()]
    assert _foreign_key(inspect(Volume).relationships["shelf"]) == ()
