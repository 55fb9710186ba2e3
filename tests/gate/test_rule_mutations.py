"""No clause of the rule is idle: with any of them switched off, a scenario is judged otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, selectinload

from query_guard.detectors import NPlusOne, batches, pages
from query_guard.records import Engine, Facts, Finding, Statement, grouped
from tests.databases import Database, Profiler
from tests.models import Post, User, Versioned

pytestmark = [pytest.mark.once, pytest.mark.asyncio, pytest.mark.parametrize("driver", ["sqlite3"], indirect=True)]


def lazy(session: Session) -> None:
    for user in session.scalars(select(User).limit(2)):
        len(user.posts)


def one_owner_twice(session: Session) -> None:
    user = session.get_one(User, 1)
    for _ in range(2):
        session.expire(user, ["posts"])
        len(user.posts)


def two_lookups(session: Session) -> None:
    for number in (1, 2):
        session.get(User, number)


def three_lookups(session: Session) -> None:
    for number in (1, 2, 3):
        session.get(User, number)


def same_lookup(session: Session) -> None:
    for _ in range(3):
        session.execute(select(User.name).where(User.id == 1)).all()


def three_lines(session: Session) -> None:
    session.get(User, 1)
    session.get(User, 2)
    session.get(User, 3)


def three_shapes(session: Session) -> None:
    for column in (User.id, User.name, User.biography):
        session.execute(select(column).where(User.id == 1)).all()


def two_relationships(session: Session) -> None:
    posts = {"author": session.get_one(Post, 900), "updater": session.get_one(Post, 901)}
    for name, post in posts.items():
        getattr(post, name)


def eager_chunks(session: Session) -> None:
    for user in session.scalars(select(User).options(selectinload(User.posts)).execution_options(yield_per=1)):
        len(user.posts)


def flush_of_versions(session: Session) -> None:
    for versioned in session.scalars(select(Versioned)):
        versioned.name = "changed"
    session.flush()


def retry(session: Session) -> None:
    for number in (1, 2, 3):
        session.execute(select(User.name).where(User.id == number)).all()
        if number < 3:
            with pytest.raises(DBAPIError):
                session.execute(text("SELECT nothing FROM nowhere"))
            session.rollback()


def chunks(session: Session) -> None:
    for start in (0, 30, 60):
        session.execute(select(User.name).where(User.id.in_(range(start, start + 30)))).all()


def offsets(session: Session) -> None:
    for start in (0, 2, 4):
        session.execute(select(User.name).order_by(User.id).limit(2).offset(start)).all()


def keys(session: Session) -> None:
    for start in (0, 2, 4):
        session.execute(select(User.name).where(User.id > start).order_by(User.id).limit(2)).all()


def on_engines(facts: Facts) -> Facts:
    """Spread the statements over engines, as one that serves three databases would."""
    spread = [row._replace(engine=Engine(number, "a+b", "a", True)) for number, row in enumerate(facts.statements)]
    return replace(facts, statements=tuple(spread))


def in_messages(facts: Facts) -> Facts:
    """Spread the statements over the messages of a WebSocket."""
    spread = [row._replace(segment=number) for number, row in enumerate(facts.statements)]
    return replace(facts, statements=tuple(spread))


@dataclass
class Scenario:
    body: Callable[[Session], None]
    loops: int
    seen_as: Callable[[Facts], Facts] = lambda facts: facts


SCENARIOS = {
    "lazy": Scenario(lazy, 1),
    "one owner twice": Scenario(one_owner_twice, 0),
    "two lookups": Scenario(two_lookups, 0),
    "three lookups": Scenario(three_lookups, 1),
    "same lookup": Scenario(same_lookup, 0),
    "three lines": Scenario(three_lines, 0),
    "three shapes": Scenario(three_shapes, 0),
    "two relationships": Scenario(two_relationships, 0),
    "eager chunks": Scenario(eager_chunks, 0),
    "flush": Scenario(flush_of_versions, 0),
    "retry": Scenario(retry, 0),
    "chunks": Scenario(chunks, 0),
    "offsets": Scenario(offsets, 0),
    "keys": Scenario(keys, 0),
    "engines": Scenario(three_lookups, 0, on_engines),
    "messages": Scenario(three_lookups, 0, in_messages),
}

KEY: dict[str, Callable[[Statement], Any]] = {
    "shape": lambda row: row.fingerprint,
    "site": lambda row: row.site.key,
    "engine": lambda row: row.engine.serial,
    "relationship": lambda row: row.relationship,
    "segment": lambda row: row.segment,
}


def without(part: str) -> Callable[[pytest.MonkeyPatch], Any]:
    kept = [key for name, key in KEY.items() if name != part]

    def by_the_others(facts: Facts) -> Any:
        return grouped(facts.statements, lambda row: tuple(key(row) for key in kept))

    return lambda patch: patch.setattr(Facts, "by_shape_and_site", property(by_the_others))


def never(*_: Any) -> Any:
    return None


MUTATIONS: dict[str, Callable[[pytest.MonkeyPatch], Any]] = {
    **{f"the key without its {part}": without(part) for part in KEY},
    "no batch": lambda patch: patch.setattr("query_guard.detectors.n_plus_one.batch_reason", never),
    "no retry": lambda patch: patch.setattr(batches, "_is_retry", never),
    "no chunks": lambda patch: patch.setattr(batches, "chunk_reason", never),
    "no pages": lambda patch: patch.setattr(batches, "paging", never),
    "no eager loads": lambda patch: patch.setattr(batches, "_is_eager", never),
    "no flushes": lambda patch: patch.setattr(batches, "_is_flush", never),
    "no offsets": lambda patch: patch.setattr(pages, "OFFSET", "never"),
    "no key bounds": lambda patch: patch.setattr(pages, "BOUNDS", frozenset()),
    "objects are values": lambda patch: patch.setattr(NPlusOne.__init__, "__defaults__", (3, 3, 10)),
    "two is a loop": lambda patch: patch.setattr(NPlusOne.__init__, "__defaults__", (2, 2, 10)),
    "one owner is a loop": lambda patch: patch.setattr(NPlusOne.__init__, "__defaults__", (1, 3, 10)),
    "one value is a loop": lambda patch: patch.setattr(NPlusOne.__init__, "__defaults__", (2, 1, 10)),
}


@pytest.fixture
def patch(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    yield monkeypatch
    monkeypatch.undo()


def prepare(session: Session) -> None:
    session.add_all([Versioned(id=number, name="old") for number in range(1, 6)])
    session.add_all([Post(id=900 + number, title="x", author_id=1 + number, updater_id=2) for number in (0, 2)])
    session.add(Post(id=901, title="x", author_id=1, updater_id=4))
    session.commit()


async def verdicts(profile: Profiler) -> dict[str, int]:
    found = {}
    for name, scenario in SCENARIOS.items():
        facts = scenario.seen_as((await profile.block(scenario.body)).facts)
        found[name] = sum(isinstance(verdict, Finding) for verdict in NPlusOne()(facts))
    return found


async def test_every_clause_decides_a_scenario(
    database: Database, profile: Profiler, patch: pytest.MonkeyPatch
) -> None:
    await database.run(prepare)
    expected = {name: scenario.loops for name, scenario in SCENARIOS.items()}
    assert await verdicts(profile) == expected
    idle = []
    for name, mutate in MUTATIONS.items():
        with patch.context() as mutation:
            mutate(mutation)
            if await verdicts(profile) == expected:
                idle.append(name)
    assert idle == []
