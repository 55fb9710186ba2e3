"""A finding as data."""

from __future__ import annotations

import os
import time
from hashlib import sha256
from pathlib import Path

import pytest

from query_guard import Finding
from query_guard.document.findings import finding_document
from tests.reports import SITE

CODE = b"session.scalars(select(User))\n"


def edit_of(file: Path, changed: float, directory: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    file.write_bytes(CODE)
    os.utime(file, (changed, changed))
    monkeypatch.chdir(directory)
    finding = Finding("kind", "warning", "summary", "fix", SITE, remedy="selectinload(User.posts)", edit=("crud.py", 1))
    told = finding_document(finding)
    assert told["remedy"] == "selectinload(User.posts)"
    return told["edit"]


def test_what_to_paste_and_where_stands_apart_from_the_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = sha256(CODE).hexdigest()[:16]
    assert edit_of(tmp_path / "crud.py", 1e9, tmp_path, monkeypatch) == {"file": "crud.py", "line": 1, "hash": digest}


def test_a_file_that_is_newer_than_the_process_has_no_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit = edit_of(tmp_path / "crud.py", time.time() + 60, tmp_path, monkeypatch)
    assert edit == {"file": "crud.py", "line": 1, "hash": None}


def test_a_file_that_is_not_there_has_no_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit = edit_of(tmp_path / "other.py", 1e9, tmp_path, monkeypatch)
    assert edit == {"file": "crud.py", "line": 1, "hash": None}


def test_words_alone_are_nothing_to_paste() -> None:
    told = finding_document(Finding("kind", "warning", "summary", "fix", SITE))
    assert (told["remedy"], told["edit"]) == (None, None)
