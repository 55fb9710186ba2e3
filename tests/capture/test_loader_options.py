"""The loader options of a select: the function that made each, and its path."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import (
    contains_eager,
    defaultload,
    defer,
    immediateload,
    joinedload,
    lazyload,
    load_only,
    raiseload,
    selectin_polymorphic,
    selectinload,
    subqueryload,
    undefer,
    with_loader_criteria,
)

from query_guard.capture.origin.loader_options import options_of
from tests.models import Car, Post, User, Vehicle

POSTS, COMMENTS = ("User.posts",), ("User.posts", "Post.comments")


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (selectinload(User.posts), [("selectinload", POSTS)]),
        (joinedload(User.posts), [("joinedload", POSTS)]),
        (subqueryload(User.posts), [("subqueryload", POSTS)]),
        (immediateload(User.posts), [("immediateload", POSTS)]),
        (lazyload(User.posts), [("lazyload", POSTS)]),
        (raiseload(User.posts), [("raiseload", POSTS)]),
        (raiseload(User.posts, sql_only=True), [("raiseload", POSTS)]),
        (contains_eager(User.posts), [("contains_eager", POSTS)]),
        (defer(User.name), [("defer", ("User.name",))]),
        (defer(User.name, raiseload=True), [("defer", ("User.name",))]),
        (undefer(User.biography), [("undefer", ("User.biography",))]),
        (selectin_polymorphic(Vehicle, [Car]), [("selectin_polymorphic", ("Car",))]),
        (selectinload(User.posts).joinedload(Post.comments), [("selectinload", POSTS), ("joinedload", COMMENTS)]),
        (
            contains_eager(User.posts).contains_eager(Post.comments),
            [("contains_eager", POSTS), ("contains_eager", COMMENTS)],
        ),
        (defaultload(User.posts).selectinload(Post.comments), [("selectinload", COMMENTS)]),
        (selectinload("*"), []),
        (raiseload("*"), []),
        (with_loader_criteria(Post, Post.id > 1), []),
    ],
)
def test_an_option_is_known_by_its_function_and_its_path(option: Any, told: list[tuple[str, tuple[str, ...]]]) -> None:
    assert [tuple(each) for each in options_of(select(User).options(option))] == told


def test_columns_that_are_loaded_only_are_undeferred_and_all_others_deferred() -> None:
    told = [tuple(each) for each in options_of(select(User).options(load_only(User.name)))]
    assert ("undefer", ("User.name",)) in told


def test_several_options_come_in_their_order_and_text_has_none() -> None:
    found = options_of(select(User).options(joinedload(User.posts), lazyload(User.posts)))
    assert [option.function for option in found] == ["joinedload", "lazyload"]
    assert options_of("SELECT 1") == ()
