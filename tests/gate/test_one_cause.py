"""What one edit mends is one finding: rows O of the gate."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session, selectinload

from query_guard import Report
from query_guard.testing import assert_no_findings
from tests.databases import Database, Profiler
from tests.models import Node, Post, User
from tests.serving import findings, function_of

pytestmark = pytest.mark.asyncio


def root(session: Session, *options: Any) -> Node:
    return session.scalars(select(Node).where(Node.id == 1).options(*options)).one()


async def test_o1_functions_that_walk_a_tree_in_turn(profile: Profiler) -> None:
    def even(node: Node) -> int:
        return 1 + sum(odd(child) for child in node.children)

    def odd(node: Node) -> int:
        return 1 + sum(even(child) for child in node.children)

    report = await profile(lambda session: even(root(session)))
    (finding,) = findings(report, "n_plus_one")
    assert (finding.relationship, finding.count) == ("Node.children", report.query_count - 1)
    assert finding.remedy == "selectinload(Node.children, recursion_depth=-1)"
    assert {site.frames[0].function for site in finding.callers} == {"even", "odd"}


async def test_o1_levels_that_are_written_out(profile: Profiler) -> None:
    def down(session: Session) -> None:
        for child in root(session).children:
            for grandchild in child.children:
                len(grandchild.children)

    report = await profile(down)
    (finding,) = findings(report, "n_plus_one")
    assert (finding.relationship, finding.count) == ("Node.children", report.query_count - 1)


async def test_o1_two_loops_over_two_selects_stay_two(profile: Profiler) -> None:
    def first(session: Session) -> None:
        for user in session.scalars(select(User).where(User.id < 3)):
            len(user.posts)

    def second(session: Session) -> None:
        for user in session.scalars(select(User).where(User.id >= 3)):
            len(user.posts)

    def both(session: Session) -> None:
        first(session)
        second(session)

    found = findings(await profile(both), "n_plus_one")
    assert {function_of(finding) for finding in found} == {"first", "second"}


def rename_and_commit(session: Session) -> list[User]:
    users = list(session.scalars(select(User)))
    for user in users:
        user.name += "!"
        session.commit()
    return users


def told(report: Report) -> list[tuple[str, list[str]]]:
    """Return the kind of each warning, with its effects."""
    return [
        (finding.kind, [effect.summary.partition(" ran")[0].partition(" was")[0] for effect in finding.effects])
        for finding in report.loud_findings
    ]


async def test_o2_a_commit_in_a_loop_leads_what_it_causes(profile: Profiler) -> None:
    report = await profile(rename_and_commit)
    assert [(kind, sorted(effects)) for kind, effects in told(report)] == [
        ("commit_per_row", ["An expired User", "UPDATE on users"])
    ]
    (finding,) = report.loud_findings
    assert finding.kinds == {"commit_per_row", "n_plus_one"}
    assert finding.saving > 0


async def test_o2_what_is_read_after_the_loop_is_expired_by_one_commit_too(profile: Profiler) -> None:
    def read_again(session: Session) -> None:
        for user in rename_and_commit(session):
            user.name  # noqa: B018 - it is read

    kinds = [kind for kind, _ in told(await profile(read_again))]
    assert sorted(kinds) == ["commit_per_row", "n_plus_one"]


async def test_o2_writes_by_hand_stay_a_loop_of_their_own(profile: Profiler) -> None:
    def by_hand(session: Session) -> None:
        for number in range(1, 5):
            session.execute(update(User).where(User.id == number).values(name="x"))
            session.commit()

    assert sorted(told(await profile(by_hand))) == [("commit_per_row", []), ("n_plus_one", [])]


async def test_o2_a_relationship_read_in_the_loop_stays_a_loop_of_its_own(profile: Profiler) -> None:
    def read_posts(session: Session) -> None:
        for user in session.scalars(select(User)).all():
            len(user.posts)
            user.name += "!"
            session.commit()

    found = told(await profile(read_posts))
    assert ("n_plus_one", []) in found
    assert [sorted(effects) for kind, effects in found if kind == "commit_per_row"] == [
        ["An expired User", "UPDATE on users"]
    ]


async def test_o2_a_cause_that_is_allowed_leads_nothing(profile: Profiler) -> None:
    report = await profile(rename_and_commit, allow=["commit_per_row"])
    assert told(report) == [("n_plus_one", []), ("n_plus_one", [])]


async def test_o2_effects_fail_a_test_if_their_kind_is_named(database: Database) -> None:
    body = database.run(rename_and_commit)
    with pytest.raises(AssertionError, match=r"commit_per_row: (?s:.)*also fixes: n_plus_one"):
        with assert_no_findings(kinds={"n_plus_one"}):
            await body


def user_with_posts(session: Session, name: str = "") -> User:
    query = select(User).where(User.id == 1, *([User.name != name] if name else []))
    options = selectinload(User.posts).selectinload(Post.comments), selectinload(User.posts).selectinload(Post.tags)
    return session.scalars(query.options(*options).execution_options(populate_existing=True)).one()


async def test_o3_eager_loads_belong_to_the_query_that_is_repeated(profile: Profiler) -> None:
    def three_times(session: Session) -> None:
        for _ in range(3):
            user_with_posts(session)

    report = await profile(three_times)
    (finding,) = findings(report, "duplicate_statement")
    assert (report.query_count, finding.count, finding.saved_statements) == (12, 3, 8)
    assert len(finding.statements) == 12
    assert finding.fix == "Send it once, before what repeats this line, and keep the result"
    assert finding.details == ("with 9 statements for what was loaded with it: Post.comments, Post.tags, User.posts",)


async def test_o3_a_lazy_load_belongs_to_the_query_of_its_object(profile: Profiler) -> None:
    def from_three_sessions(session: Session) -> None:
        for _ in range(3):
            session.expunge_all()
            len(session.get_one(User, 1).posts)

    report = await profile(from_three_sessions)
    (finding,) = findings(report, "duplicate_statement")
    assert (finding.count, finding.saved_statements, len(finding.statements)) == (3, 4, 6)


async def test_o3_eager_loads_of_two_queries_are_repeated_by_themselves(profile: Profiler) -> None:
    def both(session: Session) -> None:
        user_with_posts(session)
        user_with_posts(session, "nobody")

    found = findings(await profile(both), "duplicate_statement")
    assert {finding.relationship for finding in found} == {"User.posts", "Post.comments", "Post.tags"}


async def test_o3_the_finding_says_why_objects_are_read_again(profile: Profiler) -> None:
    def refreshed(session: Session) -> None:
        user = session.get_one(User, 1)
        for _ in range(3):
            session.refresh(user)

    def expired(session: Session) -> None:
        user = session.get_one(User, 1)
        for _ in range(3):
            session.expire(user)
            user.name  # noqa: B018 - it is read

    fixes = [findings(await profile(body), "duplicate_statement")[0].fix for body in (refreshed, expired)]
    assert fixes == [
        "Refresh it once: nothing was written to it or committed in between",
        "Expire or refresh the User only where it may have changed: it was loaded already",
    ]
