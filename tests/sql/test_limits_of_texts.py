"""How much of a text is read, which texts are kept, and what is no text."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from query_guard.fingerprint import fingerprint

module = importlib.import_module("query_guard.sql.fingerprint")


@pytest.mark.parametrize(
    "text", ["SELECT " + "a + " * 30_000, "INSERT INTO t VALUES " + ", ".join(["(1), (1, 2)"] * 20_000)]
)
def test_a_text_is_cut_after_twenty_thousand_pieces(text: str) -> None:
    shape = fingerprint(text)
    assert shape.truncated
    assert 20_000 < len(shape.text) < 45_000


@pytest.mark.parametrize(("length", "is_kept"), [(8_192, True), (8_193, False)])
def test_texts_of_up_to_eight_kilobytes_are_kept(length: int, is_kept: bool) -> None:
    text = "SELECT 'kept'".ljust(length, " ")
    assert (fingerprint(text) is fingerprint(text)) == is_kept


def test_the_memory_of_kept_texts_is_that_of_their_entries() -> None:
    module._cache.clear()
    module._cache.bytes = 0
    few = [f"SELECT a{number} FROM t" for number in range(5)]
    for text in few * 2:
        fingerprint(text)
    assert 5 * 800 < module._cache.bytes < 5 * 2_000


@pytest.mark.parametrize(
    ("text", "least"),
    [
        ("SELECT " + ", ".join(f"a{number}" for number in range(1_000)), 2 * 5_000),
        ("SELECT 1 FROM " + ", ".join(f"t{number}" for number in range(1_000)), 2 * 5_000 + 4 * 3_890),
    ],
    ids=["columns", "tables"],
)
def test_a_kept_text_weighs_as_much_as_itself_its_shape_and_its_names(text: str, least: int) -> None:
    module._cache.clear()
    module._cache.bytes = 0
    fingerprint(text)
    assert least < module._cache.bytes < least + 4_000


def test_the_oldest_text_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CACHED_ENTRIES", 2)
    texts = [f"SELECT {name} FROM cache_order" for name in ("first", "second", "third")]
    for text in texts:
        fingerprint(text)
    assert [text for _, text in module._cache] == texts[1:]


@pytest.mark.parametrize("dialect", [None, 1, b"sqlite"])
def test_a_dialect_that_is_no_text_is_refused_with_a_next_step(dialect: Any) -> None:
    with pytest.raises(TypeError, match=r"dialect must be a str, got .*; pass str\(dialect\)"):
        fingerprint("SELECT 1", dialect)
