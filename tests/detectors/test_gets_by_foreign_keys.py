"""Objects that a loop gets by the foreign keys of the objects of a list, of facts made by hand and a real line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from query_guard.detectors.remedies import Remedy, remedy_for
from query_guard.records import CallSite, Clauses, Frame, Statement
from tests.detectors.loads import POST, info, saved, users
from tests.reports import facts_of, statement

REFERRERS = (("Comment", "owner", "owner_id"), ("Post", "author", "author_id"))
GOT = info("User", referrers=REFERRERS, clauses=Clauses(got=True))
OPTION = "joinedload(Post.author)"
AHEAD = f"Add .options({OPTION}) to the select at crud.py:10 and read .author instead of"


@pytest.fixture
def loop(tmp_path: Path) -> Path:
    """Give a file that reads a foreign key in its second line, and another one in its third."""
    file = tmp_path / "loop.py"
    file.write_text("nothing()\nget(post.author_id)\nget(post.editor_id)\nget(comment.owner_id)\n")
    return file


def remedy(loop: Path, *earlier: Statement, line: int = 2, depth: int = 0, call: str = "get", **fields: Any) -> Remedy:
    """Return the remedy of a loop of three, whose key is read so many frames away from where it sends a statement."""
    around = [Frame(str(loop), 1, "run", 1)] * depth
    site = CallSite(20, (*around, Frame(str(loop), line, "run", 1)), "router", False, call)
    rows = [statement(serial, **{"info": GOT, "site": site, **fields}) for serial in (5, 6, 7)]
    return remedy_for(rows, facts_of(*earlier, *rows))


LIST = users(info=POST)


@pytest.mark.parametrize(("call", "instead"), [("get", "session.get()"), ("get_one", "session.get_one()")])
def test_the_objects_of_the_list_have_a_relationship_that_leads_to_them(loop: Path, call: str, instead: str) -> None:
    found = remedy(loop, LIST, call=call)
    assert (found.code, found.advice, found.relationship) == (OPTION, f"{AHEAD} {instead}", "Post.author")
    assert (saved(found), found.edit) == (([5, 6, 7], 0), ("crud.py", 10))


def test_a_select_by_that_key_is_one_too(loop: Path) -> None:
    selected = GOT._replace(clauses=Clauses(where=("User.id",)))
    found = remedy(loop, LIST, info=selected, call="scalars")
    assert (found.code, found.advice) == (OPTION, f"{AHEAD} this select")


def test_where_the_list_may_not_be_joined_to_they_take_a_select_of_their_own(loop: Path) -> None:
    locked = users(info=POST._replace(clauses=Clauses(lock=".with_for_update()")))
    found = remedy(loop, locked)
    assert (found.code, saved(found)) == ("selectinload(Post.author)", ([5, 6, 7], 1))


@pytest.mark.parametrize(("line", "is_read"), [(1, False), (2, True), (3, False), (4, False)])
def test_the_line_reads_the_key_of_the_relationship(loop: Path, line: int, is_read: bool) -> None:
    assert (remedy(loop, LIST, line=line).relationship == "Post.author") is is_read


@pytest.mark.parametrize(("depth", "is_seen"), [(0, True), (2, True), (3, False)])
def test_the_key_is_looked_for_in_three_frames(loop: Path, depth: int, is_seen: bool) -> None:
    assert (remedy(loop, LIST, depth=depth).relationship == "Post.author") is is_seen


def test_without_a_list_of_such_objects_they_are_fetched_at_once(loop: Path) -> None:
    for earlier in ([], [users()], [users(rows=2, info=POST)]):
        assert remedy(loop, *earlier).relationship is None


def test_of_two_relationships_that_of_a_list_which_was_read_is_named(loop: Path) -> None:
    twice = GOT._replace(referrers=(("Draft", "author", "author_id"), *REFERRERS))
    assert remedy(loop, LIST, info=twice).relationship == "Post.author"
