"""Which secrets are keys, and whose file may hold one."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from query_guard.debug.key import Key, NoKey, chosen_key, kept_key, key_in_memory, made_key


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the file that holds the key; it is not there yet."""
    monkeypatch.setenv("QUERY_GUARD_KEY_FILE", str(tmp_path / "deep" / "below" / "key"))
    return tmp_path / "deep" / "below" / "key"


@pytest.mark.parametrize("secret", ["k" * 16, "k" * 17, "!" * 16, "~" * 16, "é" * 8])
def test_sixteen_bytes_without_a_blank_are_a_key(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERY_GUARD_DEBUG_TOKEN", f" {secret}\n")
    assert chosen_key() == Key(secret.encode(), "the variable QUERY_GUARD_DEBUG_TOKEN", is_chosen=True)


@pytest.mark.parametrize("secret", ["k" * 15, "k" * 8 + " " + "k" * 8, "k" * 16 + "\x7f", "k\t" * 16])
def test_fewer_or_other_characters_are_none(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERY_GUARD_DEBUG_TOKEN", secret)
    with pytest.raises(NoKey, match="must hold a key of at least 16 characters without blanks"):
        chosen_key()


def test_the_option_comes_before_the_variable_and_both_are_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERY_GUARD_DEBUG_TOKEN", "v" * 16)
    given = chosen_key("t" * 16)
    assert given is not None
    assert (given.secret, given.is_chosen) == (b"t" * 16, True)


def test_a_key_that_is_made_is_kept_below_new_folders_and_nobody_chose_it(file: Path) -> None:
    key = made_key()
    assert key == kept_key() == Key(file.read_bytes().strip(), f"the file '{file}'")
    assert not key.is_chosen
    assert file.read_bytes().endswith(b"\n")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent)] == [0o600, 0o700]


def test_a_key_in_memory_is_long_and_another_one_each_time() -> None:
    keys = [key_in_memory() for _ in range(2)]
    assert keys[0].secret != keys[1].secret
    assert {(len(key.secret), key.place, key.is_chosen) for key in keys} == {(43, "the memory of this process", False)}


@pytest.mark.parametrize(
    ("user", "owner", "is_taken"),
    [(1000, 1000, True), (1000, 0, True), (1000, 1001, False), (0, 0, True), (0, 1001, True)],
)
def test_a_file_must_belong_to_this_user_or_root_and_root_takes_every_file(
    user: int, owner: int, is_taken: bool, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.parent.mkdir(parents=True)
    file.write_text("k" * 16)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(os, "fstat", lambda _: os.stat_result((stat.S_IFREG | 0o600, 0, 0, 1, owner, *[0] * 5)))
    if is_taken:
        assert kept_key() == Key(b"k" * 16, f"the file '{file}'")
        return
    with pytest.raises(NoKey, match=f"must belong to this user or root, and belongs to user {owner}$"):
        kept_key()


def test_a_file_in_a_folder_that_is_none_cannot_be_written(file: Path) -> None:
    file.parent.parent.write_text("no folder")
    with pytest.raises(NoKey, match=r"the key file '.*' cannot be (read|written): Not a directory$"):
        made_key()
