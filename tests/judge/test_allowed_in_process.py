"""What test runners allow in the whole process, for as long as a block runs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, text

from query_guard import record
from query_guard.judge.allowed_blocks import allow_in_process

engine = create_engine("sqlite://")


def found() -> list[str]:
    """Return what is found in a loop."""
    with record() as recording, engine.connect() as connection:
        for number in range(3):
            connection.execute(text("SELECT :n"), {"n": number})
    return [finding.kind for finding in recording.report.findings]


def test_it_is_allowed_in_any_thread_until_the_block_ends() -> None:
    with allow_in_process(["n_plus_one"]) as (allowance,):
        with ThreadPoolExecutor() as threads:
            assert [found(), threads.submit(found).result()] == [[], []]
    assert allowance.matched == 2
    assert found() == ["n_plus_one"]


def test_a_block_that_fails_allows_no_longer_and_leaves_what_another_allows() -> None:
    with allow_in_process(["n_plus_one"]):
        with pytest.raises(LookupError), allow_in_process(["n_plus_one", "Post.author"]):
            raise LookupError
        assert found() == []
    assert found() == ["n_plus_one"]


def test_a_text_in_place_of_patterns_is_refused() -> None:
    with pytest.raises(ValueError, match=r"allow: allow must be a sequence of texts, such as \('Post.author',\)"):
        with allow_in_process("n_plus_one"):
            pass
