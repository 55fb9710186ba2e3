"""The steps of a load path, and the entity that it begins with."""

from __future__ import annotations

import pytest

from query_guard.records import NO_INFO, Entity, LoadPath, StatementInfo, Step
from tests.detectors.loads import OF_COMMENTS, POST, USERS, info, users
from tests.reports import OF_POSTS


def test_a_path_of_twelve_steps_is_whole_and_a_longer_one_is_cut() -> None:
    path = LoadPath(users(), "selected")
    assert path.on((), lazy=True) is path
    whole = path.on((OF_POSTS,) * 11, lazy=True).on((OF_COMMENTS,), lazy=False)
    assert (len(whole.steps), whole.lazy[-2:], whole.cut) == (12, (True, False), False)
    cut = whole.on((OF_POSTS,), lazy=True)
    assert (cut.steps, cut.cut) == (whole.steps, True)
    assert path.on((OF_POSTS,) * 13, lazy=True).cut


SELECTS_SUBCLASS = NO_INFO._replace(entities=(Entity("Admin", ("Admin", "User"), False),))
PAIR = USERS._replace(entities=(*USERS.entities, *POST.entities))
ALIASES = USERS._replace(entities=(*USERS.entities, Entity("User", ("User",), True)))


@pytest.mark.parametrize(
    ("rows_of", "steps", "entity"),
    [
        (USERS, (), "User"),
        (PAIR, (), None),
        (PAIR, (OF_POSTS,), "User"),
        (PAIR, (OF_COMMENTS,), "Post"),
        (ALIASES, (OF_POSTS,), None),
        (SELECTS_SUBCLASS, (OF_POSTS,), "Admin"),
        (USERS, (OF_POSTS._replace(owners=("Admin", "User")),), "User"),
        (info("Comment"), (OF_POSTS,), None),
        (SELECTS_SUBCLASS, (OF_POSTS._replace(owners=("Boss", "User")),), None),
    ],
)
def test_a_path_begins_with_the_one_entity_that_has_its_first_relationship(
    rows_of: StatementInfo, steps: tuple[Step, ...], entity: str | None
) -> None:
    found = LoadPath(users(info=rows_of), "selected", steps, (True,) * len(steps)).entity
    assert (found.name if found is not None else None) == entity
    assert LoadPath(None, "unknown").entity is None
