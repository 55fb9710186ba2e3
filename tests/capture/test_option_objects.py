"""Loader options as data, tried on the select that they are for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, inspect, select, text
from sqlalchemy.orm import Session, aliased
from sqlalchemy.pool import StaticPool

from query_guard import record
from query_guard.capture.origin.option_objects import option_objects
from query_guard.records import Entity, LoaderOption, OptionCall
from tests.models import Base, Car, Node, Post, User, Vehicle, sample

POSTS = OptionCall("selectinload", "User", "posts")
COMMENTS = OptionCall("selectinload", "Post", "comments")
WRITER = aliased(User)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(sample())
        session.commit()
    yield engine
    engine.dispose()


def option_for(name: str, *calls: OptionCall, aliased: bool = False, subclass: str = "") -> LoaderOption:
    return LoaderOption(Entity(name, (name,), aliased), calls, subclass)


def walk_posts(user: User) -> None:
    for post in user.posts:
        len(post.comments)


def walk_tree(node: Node) -> None:
    for child in node.children:
        walk_tree(child)


def statements(engine: Engine, statement: Any, option: LoaderOption, walk: Any) -> list[str]:
    """Return the relationships that are loaded, with the option, as the first objects of a select are walked."""
    with record("block") as recording, Session(engine) as session:
        for found in session.scalars(statement.options(*option_objects(option, statement))).all()[:1]:
            walk(found)
    return [str(row.loader and f"{row.loader.kind} {row.relationship}") for row in recording.statements[1:]]


LAZILY = ["lazy User.posts", *["lazy Post.comments"] * 3]


@pytest.mark.parametrize(
    ("statement", "option", "loads"),
    [
        (select(User), option_for("User", POSTS), ["eager User.posts", *["lazy Post.comments"] * 3]),
        (select(User), option_for("User", POSTS, COMMENTS), ["eager User.posts", "eager Post.comments"]),
        (select(WRITER), option_for("User", POSTS, aliased=True), ["eager User.posts", *["lazy Post.comments"] * 3]),
        (select(WRITER), option_for("User", POSTS), LAZILY),
        (select(User), option_for("User", POSTS, aliased=True), LAZILY),
        (select(User, WRITER).where(WRITER.id == User.id), option_for("User", POSTS, COMMENTS), [
            "eager User.posts", "eager Post.comments",
        ]),
        (select(User), option_for("Post", COMMENTS), LAZILY),
        (select(User), LoaderOption(None, (POSTS,)), LAZILY),
    ],
    ids=str,
)  # fmt: skip
def test_an_option_is_for_the_entity_that_a_select_has_once(
    engine: Engine, statement: Any, option: LoaderOption, loads: list[str]
) -> None:
    assert statements(engine, statement, option, walk_posts) == loads


@pytest.mark.parametrize(
    "statement",
    [select(User.id), select(User, User), text("SELECT 1"), select(WRITER, aliased(User)), select(Post)],
    ids=str,
)
def test_there_is_no_option_for_other_statements(statement: Any) -> None:
    assert option_objects(option_for("User", POSTS), statement) == []
    assert option_objects(option_for("User", POSTS, aliased=True), statement) == []


def test_all_levels_of_a_tree_are_loaded_where_that_is_asked(engine: Engine) -> None:
    tree = select(Node).where(Node.id == 1)
    once, whole = (OptionCall("selectinload", "Node", "children", recursive) for recursive in (False, True))
    assert "lazy Node.children" in statements(engine, tree, option_for("Node", once), walk_tree)
    assert {*statements(engine, tree, option_for("Node", whole), walk_tree)} == {"eager Node.children"}


def test_a_column_is_loaded_with_its_object(engine: Engine) -> None:
    def read(user: User) -> None:
        assert user.biography

    undefer = OptionCall("undefer", "User", "biography")
    assert statements(engine, select(User), option_for("User"), read) == ["column None"]
    assert statements(engine, select(User), option_for("User", undefer), read) == []


def test_a_subclass_is_loaded_with_its_base(engine: Engine) -> None:
    def doors(car: Car) -> None:
        assert car.doors

    assert statements(engine, select(Vehicle), option_for("Vehicle"), doors) == ["subclass None"]
    loads = statements(engine, select(Vehicle), option_for("Vehicle", subclass="Car"), doors)
    assert "subclass None" not in loads


def test_an_attribute_of_a_subclass_is_found_by_its_owner() -> None:
    doors = OptionCall("undefer", "Car", "doors")
    (option,) = option_objects(option_for("Vehicle", doors), select(Vehicle))
    assert [element.path[-1] for element in option.context] == [inspect(Car).attrs.doors]


@pytest.mark.parametrize(
    "option",
    [option_for("Vehicle", subclass="Lorry"), option_for("Vehicle", OptionCall("undefer", "Lorry", "wheels"))],
    ids=str,
)
def test_a_subclass_that_is_not_mapped_is_an_error(option: LoaderOption) -> None:
    with pytest.raises(LookupError, match="Vehicle has no subclass Lorry"):
        option_objects(option, select(Vehicle))
