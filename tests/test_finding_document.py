"""A finding as data."""

from __future__ import annotations

from query_guard import Finding
from query_guard.document.findings import finding_document
from tests.reports import SITE


def test_what_to_paste_and_where_stands_apart_from_the_words() -> None:
    finding = Finding(
        "kind", "warning", "summary", "fix", SITE, remedy="selectinload(User.posts)", edit=("crud.py", 27)
    )
    told = finding_document(finding)
    assert (told["remedy"], told["edit"]) == ("selectinload(User.posts)", {"file": "crud.py", "line": 27})


def test_words_alone_are_nothing_to_paste() -> None:
    told = finding_document(Finding("kind", "warning", "summary", "fix", SITE))
    assert (told["remedy"], told["edit"]) == (None, None)
