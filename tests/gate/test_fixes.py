"""Each advice is taken: pasted into the scenario that produced it, which is then run again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import delete, orm, select, update
from sqlalchemy.orm import Session, aliased, selectinload

from query_guard import Finding, Report
from tests import models
from tests.databases import Database, Profiler
from tests.models import Car, Comment, Node, Post, Tag, User, Vehicle

pytestmark = pytest.mark.asyncio

NAMES = {**vars(sqlalchemy), **vars(orm), **vars(models)}


def the_loop(report: Report) -> Finding:
    (finding,) = [finding for finding in report.findings if finding.kind == "n_plus_one"]
    return finding


def assert_mended(before: Report, finding: Finding, after: Report) -> None:
    assert [found.kind for found in after.findings] == []
    assert after.query_count == before.query_count - finding.saved_statements


@dataclass
class Reading:
    """A loop that an option on the first select mends."""

    query: Callable[[], Any]
    touch: Callable[[Any], Any]
    names: dict[str, Any]

    def __call__(self, session: Session, *options: Any) -> None:
        for row in session.scalars(self.query().options(*options)).unique():
            self.touch(row)


writer = aliased(User)
READINGS = {
    "collection": Reading(lambda: select(User), lambda user: len(user.posts), {}),
    "many-to-one": Reading(lambda: select(Post), lambda post: post.author, {}),
    "many-to-many": Reading(lambda: select(Post), lambda post: len(post.tags), {}),
    "self-referential": Reading(lambda: select(Node), lambda node: len(node.children), {}),
    "inherited, base selected": Reading(lambda: select(Vehicle), lambda vehicle: len(vehicle.parts), {}),
    "inherited, subclass selected": Reading(lambda: select(Car), lambda car: len(car.parts), {}),
    "aliased": Reading(lambda: select(writer), lambda user: len(user.posts), {"alias": writer}),
    "association proxy": Reading(lambda: select(User), lambda user: list(user.titles), {}),
    "deferred column": Reading(lambda: select(User), lambda user: user.biography, {}),
    "below a selectinload": Reading(
        lambda: select(User).options(selectinload(User.posts)),
        lambda user: [len(post.comments) for post in user.posts],
        {},
    ),
}


@pytest.mark.parametrize("reading", READINGS.values(), ids=READINGS.keys())
async def test_the_option_mends_the_loop(profile: Profiler, reading: Reading) -> None:
    before = await profile(reading)
    finding = the_loop(before)
    assert f".options({finding.remedy})" in finding.fix
    option = eval(finding.remedy, {**NAMES, **reading.names})
    after = await profile(lambda session: reading(session, option))
    assert_mended(before, finding, after)


async def test_the_select_to_edit_is_named(profile: Profiler) -> None:
    def select_here(session: Session) -> list[User]:
        return list(session.scalars(select(User)))

    def touch_there(session: Session) -> None:
        for user in select_here(session):
            len(user.posts)

    line = select_here.__code__.co_firstlineno + 1
    assert the_loop(await profile(touch_there)).fix == (
        f"Add .options(selectinload(User.posts)) to the select at tests/gate/test_fixes.py:{line}"
    )


async def test_both_levels_are_mended_by_the_inner_chain(profile: Profiler) -> None:
    def nested(session: Session, *options: Any) -> None:
        for user in session.scalars(select(User).options(*options)):
            for post in user.posts:
                len(post.comments)

    before = await profile(nested)
    inner = next(finding for finding in before.findings if finding.relationship == "Post.comments")
    after = await profile(lambda session: nested(session, eval(inner.remedy, NAMES)))
    assert (before.query_count, after.query_count) == (21, 3)
    assert after.findings == ()


async def test_the_loader_replaces_a_loop_over_a_foreign_key(profile: Profiler) -> None:
    def by_hand(session: Session) -> None:
        for user in session.scalars(select(User)).all():
            session.scalars(select(Post).where(Post.author_id == user.id)).all()

    before = await profile(by_hand)
    finding = the_loop(before)

    def by_relationship(session: Session) -> None:
        for user in session.scalars(select(User).options(eval(finding.remedy, NAMES))):
            len(user.posts)

    assert_mended(before, finding, await profile(by_relationship))


async def test_one_in_replaces_a_loop_of_gets(profile: Profiler) -> None:
    def gets(session: Session) -> None:
        for number in range(1, 5):
            session.get(User, number)

    before = await profile(gets)
    finding = the_loop(before)

    def at_once(session: Session) -> None:
        users = session.scalars(eval(finding.remedy, {**NAMES, "values": range(1, 5)})).all()
        assert len(users) == 4

    assert_mended(before, finding, await profile(at_once))


async def test_one_in_replaces_a_loop_over_two_columns(profile: Profiler) -> None:
    def lookups(session: Session) -> None:
        for number in range(1, 5):
            session.scalars(select(Post).where(Post.author_id == number, Post.title == "post 1")).all()

    before = await profile(lookups)
    finding = the_loop(before)
    values = [(number, "post 1") for number in range(1, 5)]

    def at_once(session: Session) -> None:
        assert len(session.scalars(eval(finding.remedy, {**NAMES, "values": values})).all()) == 4

    assert_mended(before, finding, await profile(at_once))


async def test_expire_on_commit_mends_reading_after_a_commit(database: Database, profile: Profiler) -> None:
    def after_commit(session: Session) -> None:
        users = session.scalars(select(User)).all()
        session.commit()
        for user in users:
            assert user.name

    before = await profile(after_commit)
    finding = the_loop(before)

    async def endpoint() -> None:
        await database.run(after_commit, **eval(f"dict({finding.remedy})"))

    assert_mended(before, finding, await profile.endpoint(endpoint))


async def test_one_select_replaces_refreshes(profile: Profiler) -> None:
    def refreshes(session: Session) -> None:
        for user in session.scalars(select(User)).all():
            session.refresh(user)

    before = await profile(refreshes)
    finding = the_loop(before)

    def at_once(session: Session) -> None:
        users = session.scalars(select(User)).all()
        session.scalars(eval(finding.remedy, {**NAMES, "values": [user.id for user in users]})).all()

    assert_mended(before, finding, await profile(at_once))


def insert_row(session: Session, number: int) -> None:
    session.add(Tag(id=100 + number, name=f"new {number}"))
    session.flush()


def update_row(session: Session, number: int) -> None:
    session.execute(update(Tag).where(Tag.id == number).values(name=f"new {number}"))


def delete_row(session: Session, number: int) -> None:
    session.execute(delete(Comment).where(Comment.id == number))


NUMBERS = (1, 2, 3)
WRITES: dict[str, tuple[Callable[[Session, int], None], dict[str, Any]]] = {
    "insert": (insert_row, {"objects": [lambda: [Tag(id=200 + n, name="new") for n in NUMBERS]]}),
    "update": (update_row, {"rows": [lambda: [{"id": n, "name": f"new {n}"} for n in NUMBERS]]}),
    "delete": (delete_row, {"values": [lambda: NUMBERS]}),
}


@pytest.mark.parametrize(("write", "names"), WRITES.values(), ids=WRITES.keys())
async def test_the_bulk_form_replaces_row_by_row_writes(
    profile: Profiler, write: Callable[[Session, int], None], names: dict[str, Any]
) -> None:
    def row_by_row(session: Session) -> None:
        for number in NUMBERS:
            write(session, number)
        session.commit()

    before = await profile(row_by_row)
    finding = the_loop(before)

    def in_bulk(session: Session) -> None:
        given = {name: make() for name, (make,) in names.items()}
        eval(finding.remedy, {**NAMES, **given, "session": session})
        session.commit()

    assert_mended(before, finding, await profile(in_bulk))


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        (lambda session, comment: setattr(comment, "text", f"new {comment.id}"), "Change comments"),
        (lambda session, comment: session.delete(comment), "Call session.delete() on comments"),
    ],
    ids=["update", "delete"],
)
async def test_one_flush_replaces_a_flush_for_each_object(
    profile: Profiler, change: Callable[[Session, Comment], None], advice: str
) -> None:
    def flush_each(session: Session) -> None:
        for comment in session.scalars(select(Comment).where(Comment.id.in_(NUMBERS))).all():
            change(session, comment)
            session.flush()
        session.commit()

    before = await profile(flush_each)
    finding = the_loop(before)
    assert finding.fix == f"{advice} in the loop and flush once after it: {finding.remedy}"

    def flush_once(session: Session) -> None:
        for comment in session.scalars(select(Comment).where(Comment.id.in_(NUMBERS))).all():
            change(session, comment)
        eval(finding.remedy, {"session": session})
        session.commit()

    await profile.database.prepare()
    assert_mended(before, finding, await profile(flush_once))
