"""What a loader option is said to save, of facts made by hand: the statements it avoids, and those sent instead."""

from __future__ import annotations

import pytest

from query_guard.detectors.remedies import Remedy, remedy_for
from query_guard.records import Clauses, Loader, Statement, Step
from tests.detectors.loads import COMMENTS, COMPANY, OF_COMMENTS, POST, USERS, info, load, loader, users
from tests.reports import POSTS, facts_of

DRAFTS = loader(Step("User", "drafts", True, "Post", ("User",), ("Post",)))
NEWEST = loader(Step("User", "newest", False, "Post", ("User",), ("Post",)))
OF_VOTES = Step("Comment", "votes", True, "Vote", ("Comment",), ("Vote",))
AHEAD = loader(OF_COMMENTS, "eager")
FURTHER_AHEAD = loader(OF_VOTES, "eager")._replace(
    path=("Post.comments", "Comment.votes"), steps=(OF_COMMENTS, OF_VOTES)
)


def remedy(*rows: Statement, of: Loader = POSTS) -> Remedy:
    """Return the remedy for the loads of a relationship."""
    return remedy_for([row for row in rows if row.loader is of], facts_of(*rows))


def promised(*rows: Statement, of: Loader = POSTS) -> tuple[list[int], int]:
    """Return the serials of the statements that are avoided, and how many are sent instead."""
    found = remedy(*rows, of=of)
    return sorted(row.serial for row in found.avoided), found.sent


LOOP = (users(), load(2), load(3), load(4))
SAVED = ([2, 3, 4], 1)
NOTHING: tuple[list[int], int] = ([], 0)


def test_the_option_of_a_loop_is_named_with_its_place_and_what_it_saves() -> None:
    found = remedy(*LOOP)
    code = "selectinload(User.posts)"
    assert (found.code, found.advice) == (code, f"Add .options({code}) to the select at crud.py:10")
    assert (found.edit, found.saved) == (("crud.py", 10), 2)
    assert found.saving == pytest.approx(0.002)
    assert found.option is not None
    assert (found.option.option.code, found.option.frames) == (code, LOOP[0].site.frames)


@pytest.mark.parametrize(("rows", "sent"), [(None, 1), (1, 1), (500, 1), (501, 2), (1000, 2), (1001, 3)])
def test_one_select_loads_for_five_hundred_objects(rows: int | None, sent: int) -> None:
    assert promised(users(rows=rows), *LOOP[1:]) == ([2, 3, 4], sent)


@pytest.mark.parametrize(
    ("rows", "expected"), [(0, SAVED), (7, ([2, 3, 4], 2)), (501, ([2, 3, 4], 3)), (None, NOTHING)]
)
def test_an_execution_of_the_select_without_a_loop_loads_ahead_too(
    rows: int | None, expected: tuple[list[int], int]
) -> None:
    assert promised(*LOOP, users(5, rows)) == expected


def test_a_select_of_another_line_or_class_sends_nothing_more() -> None:
    assert promised(*LOOP, users(5, line=11), users(6, info=POST)) == SAVED


COMPANIES = (users(), load(2, COMPANY), load(3, COMPANY), load(4, COMPANY))


def test_a_single_object_is_joined_unless_the_select_may_not_be() -> None:
    assert promised(*COMPANIES, of=COMPANY) == ([2, 3, 4], 0)
    assert remedy(*COMPANIES, of=COMPANY).code == "joinedload(User.company)"
    for clauses in (
        Clauses(lock=".with_for_update()"),
        Clauses(group_by=("User.id",)),
        *(Clauses(further=(clause,)) for clause in ("text", "GROUP BY", "DISTINCT", "HAVING", "such columns")),
    ):
        rows = (users(info=USERS._replace(clauses=clauses)), *COMPANIES[1:])
        assert remedy(*rows, of=COMPANY).code == "selectinload(User.company)"
        assert promised(*rows, of=COMPANY) == ([2, 3, 4], 1)


@pytest.mark.parametrize(("rows", "expected"), [(0, ([2, 3, 4], 1)), (2, NOTHING), (None, NOTHING)])
def test_how_many_selects_single_objects_take_is_not_known_of_an_execution_without_a_loop(
    rows: int | None, expected: tuple[list[int], int]
) -> None:
    locked = USERS._replace(clauses=Clauses(lock=".with_for_update()"))
    first, other = users(info=locked), users(5, rows, info=locked)
    assert promised(first, *COMPANIES[1:], other, of=COMPANY) == expected


TWO_LEVELS = (users(rows=2), load(2), load(3), load(4, COMMENTS, 2), load(5, COMMENTS, 3))


def test_the_objects_of_one_level_are_the_parents_of_the_next() -> None:
    assert remedy(*TWO_LEVELS, of=COMMENTS).code == "selectinload(User.posts).selectinload(Post.comments)"
    assert promised(*TWO_LEVELS, of=COMMENTS) == ([2, 3, 4, 5], 2)


@pytest.mark.parametrize(
    ("users_there", "posts_of_first", "sent"), [(2, 498, 2), (2, 499, 3), (3, 499, 2), (2, None, 2)]
)
def test_how_many_parents_there_are_is_known_where_each_was_loaded_for(
    users_there: int, posts_of_first: int | None, sent: int
) -> None:
    rows = (users(rows=users_there), load(2, rows=posts_of_first), *TWO_LEVELS[2:])
    assert promised(*rows, of=COMMENTS) == ([2, 3, 4, 5], sent)


def test_a_parent_without_objects_adds_none() -> None:
    rows = (users(rows=2), load(2, rows=501), load(3, rows=0), load(4, COMMENTS, 2), load(5, COMMENTS, 2))
    assert promised(*rows, of=COMMENTS) == ([2, 3, 4, 5], 3)


def test_a_relationship_that_the_select_loads_ahead_is_named_as_it_is() -> None:
    ahead = POSTS._replace(kind="eager")
    rows = (users(), load(2, ahead), load(3, COMMENTS, 2), load(4, COMMENTS, 2))
    assert remedy(*rows, of=COMMENTS).code == "defaultload(User.posts).selectinload(Post.comments)"
    assert promised(*rows, of=COMMENTS) == ([3, 4], 1)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (load(6, loaded_by=5), NOTHING),
        (load(6, NEWEST, 5), NOTHING),
        (load(6, DRAFTS, 5), SAVED),
        (load(6, COMPANY, 5), SAVED),
        (users(6, 1, 12, info=info("Post", clauses=Clauses(got=True))), NOTHING),
        (users(6, 1, 12, info=info("Company", clauses=Clauses(got=True))), SAVED),
        (users(6, 1, 12, info=POST), SAVED),
    ],
    ids=["the relationship", "one such object", "another list", "another class", "got", "another is got", "selected"],
)
def test_nothing_is_promised_where_others_would_find_the_objects_in_the_session(
    other: Statement, expected: tuple[list[int], int]
) -> None:
    assert promised(*LOOP, users(5, 2, 11), other) == expected


def test_nor_where_others_would_find_them_on_the_way_over_another_object() -> None:
    members = loader(Step("Company", "users", True, "User", ("Company",), ("User",)))
    rows = (*LOOP, users(5, 2, 11, info=info("Company")), load(6, members, 5), load(7, loaded_by=6))
    assert remedy_for(rows[1:4], facts_of(*rows[:6])).saved == 2
    assert remedy_for(rows[1:4], facts_of(*rows)).saved == 0


def test_what_the_mappings_load_with_each_object_is_loaded_once_with_the_option() -> None:
    rows = (
        users(rows=2),
        load(2),
        load(3, AHEAD),
        load(4, FURTHER_AHEAD),
        load(5),
        load(6, AHEAD),
        load(7, FURTHER_AHEAD),
    )
    assert promised(*rows) == ([2, 3, 4, 5, 6, 7], 3)
    assert promised(*rows, users(8, 1, 12, info=POST), load(9, AHEAD)) == ([2, 3, 4, 5, 6, 7], 3)


def test_the_columns_of_a_subclass_take_a_select_more() -> None:
    step = Step("Author", "posts", True, "Post", ("Author", "User"), ("Post",))
    of_authors = loader(step)._replace(parents=("Author", "User"))
    rows = (users(), load(2, of_authors), load(3, of_authors), load(4, of_authors))
    assert remedy(*rows, of=of_authors).code == ("selectin_polymorphic(User, [Author]), selectinload(Author.posts)")
    assert promised(*rows, of=of_authors) == ([2, 3, 4], 2)
    assert promised(*rows, users(5, None), of=of_authors) == NOTHING


def test_the_time_that_it_saves_is_the_usual_one_of_what_it_avoids() -> None:
    durations = (0.001, 0.004, 0.1)
    rows = [load(n, duration=duration) for n, duration in enumerate(durations, 2)]
    assert remedy(users(), *rows).saving == pytest.approx(0.008)
    assert remedy(*LOOP, users(5, None)).saving == 0.0
    assert remedy(users(rows=2000), *LOOP[1:]).saved == 0


def test_the_loads_of_other_relationships_are_not_avoided() -> None:
    rows = (users(rows=2), load(2), load(3), load(4, DRAFTS), load(5, DRAFTS), load(6, COMMENTS, 4))
    assert promised(*rows) == ([2, 3], 1)
