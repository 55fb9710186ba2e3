"""Tables, and texts on one line."""

from __future__ import annotations

import io

import pytest

from query_guard.cli.output import cell, shortened, table, write_text


def test_numbers_stand_to_the_right_and_the_last_column_is_as_long_as_it_is() -> None:
    assert table(("count", "ms", "route"), [(7, 12.5, "GET /users"), (1234567, None, "GET\n /")]) == (
        "  count    ms  route\n"
        "      7  12.5  GET /users\n"
        "1234567     -  GET /"
    )  # fmt: skip


def test_a_table_may_be_empty_or_have_one_column() -> None:
    assert table(("count", "route"), []) == "count  route"
    assert table(("route",), [("a long route",), ("b",)]) == "route\na long route\nb"


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (0, "0"), ("", ""), (False, "False"), (" a \n\t b ", "a b"), (1.5, "1.5")]
)
def test_a_cell_is_one_line_and_a_line_where_nothing_is_known(value: object, text: str) -> None:
    assert cell(value) == text


@pytest.mark.parametrize(
    ("values", "text"), [([], "-"), (["a"], "a"), (["a", "b"], "a and 1 more"), (["a", "b", "c"], "a and 2 more")]
)
def test_of_several_texts_the_first_stands_for_all(values: list[str], text: str) -> None:
    assert shortened(values) == text


@pytest.mark.parametrize(
    ("encoding", "written"),
    [("ascii", rb"caf\xe9" + b"\nb\n"), ("latin-1", b"caf\xe9\nb\n"), ("utf-8", "café\nb\n".encode())],
)
def test_lines_are_written_as_the_terminal_can_show_them_with_one_end(encoding: str, written: bytes) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
    write_text("café\nb\n\n", out)
    assert out.buffer.getvalue() == written
