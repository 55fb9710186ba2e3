"""Refreshes, of facts made by hand: what one loads with its object, and what one names."""

from __future__ import annotations

from query_guard import Finding
from query_guard.detectors import NPlusOne
from query_guard.detectors.refreshes import loaded_with
from query_guard.records import NO_INFO, Entity, Loader, Step
from tests.reports import OF_POSTS, POSTS, SITE, facts_of, statement

REFRESH = Loader("refresh", "User", "", False, (), ("User",))


def test_only_what_these_refreshes_loaded_is_theirs() -> None:
    facts = facts_of(
        statement(1, loader=REFRESH, owner=1),
        statement(2, loader=POSTS, owner=1, loaded_by=1),
        statement(3, loader=REFRESH, owner=2),
        statement(4, loader=POSTS, owner=2, loaded_by=3),
        statement(5),
        statement(6, loader=POSTS, owner=3, loaded_by=5),
        statement(7, loader=POSTS, owner=4, loaded_by=None),
    )
    first, other = facts.statements[0], facts.statements[2]
    assert loaded_with([first], facts) == (2,)
    assert loaded_with([other, first], facts) == (2, 4)
    assert loaded_with([facts.statements[4]], facts) == ()


def test_an_option_in_place_of_refreshes_goes_over_all_relationships_on_the_way() -> None:
    of_comments = Step("Post", "comments", True, "Comment", ("Post",), ("Comment",))
    comments = Loader(
        "lazy", "Post", "comments", True, ("Post.comments",), ("Post",), "Comment", (of_comments,), ("id",)
    )
    users = NO_INFO._replace(entity="User", entities=(Entity("User", ("User",), False),))
    again = {"site": SITE._replace(call="refresh"), "loader": comments, "loaded_by": 2}
    facts = facts_of(
        statement(1, info=users, sql="SELECT users.id FROM users", tables=("users",)),
        statement(2, loader=POSTS._replace(kind="eager", steps=(OF_POSTS,))),
        *[statement(n, owner=n, sql="SELECT comments.id FROM comments WHERE ? = comments.post_id", **again)
          for n in (3, 4, 5, 6)],
    )  # fmt: skip
    (finding,) = [one for one in NPlusOne()(facts) if isinstance(one, Finding)]
    assert finding.remedy == "defaultload(User.posts).selectinload(Post.comments)"
