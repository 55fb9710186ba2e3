"""What a refresh loads with its object belongs to the refresh."""

from __future__ import annotations

from query_guard.detectors.refreshes import loaded_with
from query_guard.records import Loader
from tests.reports import POSTS, facts_of, statement

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
