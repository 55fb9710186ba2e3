"""What the detectors of relationships say of facts made by hand: reads, counts, and loads for one object."""

from __future__ import annotations

from typing import Any

import pytest

from query_guard import Facts, Finding
from query_guard.detectors import CountedCollection, Detector, LatentNPlusOne, UnusedEagerLoad
from query_guard.detectors.remedies.walked import walked_by_hand
from query_guard.records import NO_INFO, Entity, Loader, Read, Statement
from tests.reports import POSTS, SITE, facts_of, statement

EAGER = POSTS._replace(kind="eager")
OF_USERS = NO_INFO._replace(entity="User", lineage=("User",))
READ = Read("User.posts", False, (), SITE, 1)
USERS = statement(1, sql="SELECT users.id FROM users", tables=("users",), info=OF_USERS)


def found(detector: Detector, facts: Facts) -> list[Finding]:
    return [one for one in detector(facts) if isinstance(one, Finding)]


def eager(rows: int | None, **fields: Any) -> list[Finding]:
    facts = facts_of(USERS, statement(2, **{"loader": EAGER, "rows": rows, **fields}))
    facts.notes_reads = True
    return found(UnusedEagerLoad(), facts)


@pytest.mark.parametrize(("rows", "times"), [(3, 1), (0, 0), (None, 1)])
def test_an_eager_load_that_brought_nothing_is_no_waste(rows: int | None, times: int) -> None:
    assert len(eager(rows)) == times


@pytest.mark.parametrize(("rows", "times"), [(3, 1), (None, 0)])
def test_a_join_of_a_driver_that_counts_no_rows_proves_nothing(rows: int | None, times: int) -> None:
    joined = OF_USERS._replace(joined=(("User.posts",),))
    assert len(eager(rows, loader=None, info=joined)) == times


@pytest.mark.parametrize("loader", [POSTS, EAGER._replace(path=()), None])
def test_only_an_eager_load_of_a_relationship_is_one(loader: Loader | None) -> None:
    assert eager(3, loader=loader) == []


def test_an_unused_eager_load_saves_its_statement_and_its_time() -> None:
    (finding,) = eager(3, duration=0.25)
    assert (finding.saved_statements, finding.saving, finding.count, finding.relationship) == (1, 0.25, 1, "User.posts")


def test_what_a_join_loaded_ahead_costs_no_statement() -> None:
    joined = OF_USERS._replace(joined=(("User.posts",),))
    (finding,) = eager(3, loader=None, info=joined)
    assert (finding.saved_statements, finding.saving) == (0, 0)


def test_a_join_of_a_select_without_one_entity_is_named_by_its_path() -> None:
    (finding,) = eager(3, loader=None, info=NO_INFO._replace(joined=(("User.posts",),)))
    assert finding.fix == "Remove joinedload(User.posts) from the select at crud.py:31"


def test_what_a_mapping_loads_ahead_is_loaded_lazily_by_an_option() -> None:
    comments = EAGER._replace(owner="Post", attribute="comments", path=("User.posts", "Post.comments"))
    sql = "SELECT comments.id FROM comments WHERE comments.post_id IN (?)"
    rows = (USERS, statement(2, loader=EAGER, rows=3), statement(3, loader=comments, rows=3, sql=sql))
    facts = facts_of(*rows, reads=(READ,), notes_reads=True)
    (finding,) = found(UnusedEagerLoad(), facts)
    assert finding.fix == "Remove selectinload(Post.comments) from the select at crud.py:31"
    facts.eager_mappings = frozenset({("Post.comments", "selectinload")})
    (finding,) = found(UnusedEagerLoad(), facts)
    assert finding.remedy == "defaultload(User.posts).lazyload(Post.comments)"
    assert finding.fix == (
        f"Add .options({finding.remedy}) to the select at crud.py:31: the mapping of Post.comments loads it ahead"
    )
    assert (finding.site, finding.statements, finding.saved_statements) == (SITE, (3,), 1)


@pytest.mark.parametrize("kind", ["lazy", "eager"])
def test_what_was_joined_to_the_load_of_a_relationship_belongs_to_the_select_of_its_objects(kind: str) -> None:
    elsewhere = SITE._replace(key=57)
    joined = NO_INFO._replace(joined=(("Post.author",),))
    load = statement(2, loader=POSTS._replace(kind=kind), info=joined, rows=3, site=elsewhere)
    (finding,) = [
        one
        for one in found(UnusedEagerLoad(), facts_of(USERS, load, notes_reads=True, reads=(READ,)))
        if one.relationship == "Post.author"
    ]
    assert (finding.site, finding.statements, finding.saved_statements) == (SITE, (2,), 0)


def test_what_the_mapping_of_the_selected_class_loads_ahead_is_left_to_the_option_alone() -> None:
    facts = facts_of(USERS, statement(2, loader=EAGER, rows=3), notes_reads=True)
    facts.eager_mappings = frozenset({("User.posts", "subqueryload")})
    (finding,) = found(UnusedEagerLoad(), facts)
    option = "lazyload(User.posts)"
    assert (finding.remedy, finding.fix) == (
        option, f"Add .options({option}) to the select at crud.py:31: the mapping of User.posts loads it ahead",
    )  # fmt: skip


COUNT = Read("User.posts", True, ("Post.author_id",), SITE, 2)


def counted(*rows: Statement, reads: tuple[Read, ...] = (COUNT,)) -> list[Finding]:
    return found(CountedCollection(), facts_of(*rows, reads=reads))


def test_a_collection_that_is_only_counted_needs_one_count_for_all_owners() -> None:
    (finding,) = counted(*[statement(n, loader=POSTS, values=(n,)) for n in (1, 2, 3)])
    assert (finding.saved_statements, finding.count, finding.statements) == (2, 2, (1, 2, 3))


def test_a_collection_that_is_read_otherwise_is_needed() -> None:
    assert counted(statement(loader=POSTS), reads=(COUNT, COUNT._replace(counted=False))) == []


@pytest.mark.parametrize(
    "loader", [None, POSTS._replace(collection=False), POSTS._replace(attribute="drafts"), POSTS._replace(path=())]
)
def test_only_the_loads_of_the_counted_collection_are_its_own(loader: Loader | None) -> None:
    assert counted(statement(loader=loader)) == []


def latent(*owners: int, query: Statement = USERS, loader: Loader | None = POSTS) -> list[Finding]:
    parents = loader and loader._replace(parents=("User",))
    rows = [statement(n, loader=parents, owner=owner, loaded_by=1) for n, owner in enumerate(owners, 2)]
    return found(LatentNPlusOne(), facts_of(query, *rows))


@pytest.mark.parametrize(("owners", "times"), [((1,), 1), ((1, 1), 1), ((1, 2), 0)])
def test_a_lazy_load_is_latent_while_it_has_one_owner(owners: tuple[int, ...], times: int) -> None:
    assert len(latent(*owners)) == times


@pytest.mark.parametrize("loader", [None, EAGER])
def test_only_a_lazy_load_is_latent(loader: Loader | None) -> None:
    assert latent(1, loader=loader) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"info": OF_USERS._replace(unique=True)},
        {"sql": "SELECT users.id FROM users LIMIT ?"},
        {"sql": "SELECT users.id FROM users FETCH FIRST ? ROWS ONLY"},
    ],
)
def test_a_query_that_returns_one_object_hides_no_loop(fields: dict[str, Any]) -> None:
    assert latent(1, query=USERS._replace(**fields)) == []


@pytest.mark.parametrize("kind", ["refresh", "expired"])
@pytest.mark.parametrize(("loaded_by", "unique", "times"), [(1, False, 1), (1, True, 0), (None, False, 0)])
def test_what_is_loaded_again_is_as_alone_as_it_was(kind: Any, loaded_by: int | None, unique: bool, times: int) -> None:
    query = USERS._replace(info=OF_USERS._replace(unique=unique))
    again = statement(2, loader=Loader(kind, "User", "", False, (), ("User",)), owner=1, loaded_by=loaded_by)
    load = statement(3, loader=POSTS._replace(parents=("User",)), owner=1, loaded_by=2)
    assert len(found(LatentNPlusOne(), facts_of(query, again, load))) == times


@pytest.mark.parametrize(("collection", "found_in"), [(True, ["Post.comments"]), (False, [])])
def test_an_object_of_a_collection_could_have_been_one_of_many(collection: bool, found_in: list[str]) -> None:
    of_user = POSTS._replace(parents=("User",), collection=collection)
    of_post = Loader("lazy", "Post", "comments", True, ("Post.comments",), ("Post",), "Comment")
    one_user = USERS._replace(info=OF_USERS._replace(unique=True))
    rows = (statement(2, loader=of_user, owner=1, loaded_by=1), statement(3, loader=of_post, owner=2, loaded_by=2))
    assert [finding.relationship for finding in found(LatentNPlusOne(), facts_of(one_user, *rows))] == found_in


@pytest.mark.parametrize(("rows", "turns", "times"), [(1, 1, 0), (2, 1, 1), (2, 2, 1), (2, 3, 0), (None, 2, 0)])
def test_a_select_is_what_a_loop_walks_if_it_returned_several_objects_and_one_for_each_turn(
    rows: int | None, turns: int, times: int
) -> None:
    users = OF_USERS._replace(entities=(Entity("User", ("User",), False),))
    posts = NO_INFO._replace(entities=(Entity("Post", ("Post",), False),), walks=(("User", "posts"),))
    sent = [statement(n, info=posts, values=(n % turns,)) for n in range(2, 2 + 3)]
    remedy = walked_by_hand(sent, facts_of(USERS._replace(info=users, rows=rows), *sent))
    assert ([remedy.relationship] if remedy is not None else []) == ["User.posts"] * times
