"""What one edit mends is one finding: rows O of the gate."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.databases import Profiler
from tests.models import Node, User
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
