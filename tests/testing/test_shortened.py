"""Long SQL in messages."""

from __future__ import annotations

import pytest

from query_guard.testing.shortened import shortened

BEFORE = "It ran 3 times: "


def select(columns: str, rest: str = "") -> str:
    return f"{BEFORE}SELECT {columns} FROM posts{rest}"


@pytest.mark.parametrize("longest", [40, 41])
def test_what_is_short_enough_is_unchanged(longest: int) -> None:
    assert shortened("x" * 40, longest) == "x" * 40


def test_a_select_that_is_short_enough_keeps_its_columns() -> None:
    text = select("c" * 100)
    assert shortened(text, len(text)) == text
    assert shortened(text, len(text) - 1) == f"{BEFORE}SELECT {'c' * 53}… FROM posts"


def test_other_texts_end_in_an_ellipsis_at_the_length_asked_for() -> None:
    assert shortened("x" * 41, 40) == f"{'x' * 39}…"
    assert shortened(f"{'x' * 30}{' ' * 10}y", 40) == f"{'x' * 30}…"
    assert shortened("x" * 401) == f"{'x' * 399}…"


def test_of_a_long_select_the_columns_are_cut_and_its_tables_stay() -> None:
    columns = ", ".join(f"posts.column_{number}" for number in range(40))
    assert shortened(select(columns)) == (
        f"{BEFORE}SELECT posts.column_0, posts.column_1, posts.column_2, posts… FROM posts"
    )
    assert shortened(f"SELECT {columns} FROM posts", 100) == (
        "SELECT posts.column_0, posts.column_1, posts.column_2, posts… FROM posts"
    )


@pytest.mark.parametrize(("rest", "is_cut"), [(27, False), (28, True)])
def test_what_is_short_enough_without_its_columns_is_cut_no_further(rest: int, is_cut: bool) -> None:
    text = shortened(f"SELECT {'c' * 90} FROM posts {'x' * rest}", 100)
    assert text == f"SELECT {'c' * 53}… FROM posts " + ("x" * 26 + "…" if is_cut else "x" * rest)


@pytest.mark.parametrize(("length", "is_cut"), [(1, False), (53, False), (54, True)])
def test_columns_are_cut_where_sixty_characters_are_fewer(length: int, is_cut: bool) -> None:
    text = select("c" * length, f" WHERE {'x' * 400}")
    cut = f"{BEFORE}SELECT {'c' * 53}… FROM posts WHERE {'x' * 400}"
    assert shortened(text) == f"{(cut if is_cut else text)[:399]}…"


def test_a_cut_leaves_no_comma_or_blank_at_its_end() -> None:
    assert shortened(f"SELECT {'c' * 51}, {'d' * 60} FROM posts", 100) == f"SELECT {'c' * 51}… FROM posts"


def test_where_the_columns_do_not_suffice_the_end_is_cut_as_well() -> None:
    text = shortened(select("c" * 500, f" WHERE {'x' * 500}"))
    assert text.startswith(f"{BEFORE}SELECT {'c' * 53}… FROM posts WHERE xxx")
    assert (len(text), text[-2:]) == (400, "x…")


@pytest.mark.parametrize("text", [f"SELECT {'c' * 500}", f"{'x' * 400} SELECT {'c' * 100} FROM posts"])
def test_a_select_without_tables_or_behind_the_end_is_no_reason_to_cut_within(text: str) -> None:
    assert shortened(text) == f"{text[:399].rstrip()}…"
