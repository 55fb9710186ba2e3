"""Some thousand rows to look at, the same in each run, and a guide who may do everything with them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from faker import Faker
from sqlalchemy import Insert, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from example_app.core.security import UNUSABLE_PASSWORD, hash_password
from example_app.core.settings import Settings
from example_app.db.base import utc_now
from example_app.db.engine import make_engine
from example_app.db.session import make_sessions
from example_app.models import Account, Comment, Post, Product, Role, User, UserProfile, user_roles

GUIDE = "guide@example.org"


class Size(NamedTuple):
    users: int = 500
    posts_each: int = 6
    comments_each: int = 24
    products: int = 100


THOUSANDS = Size()


async def seed(session: AsyncSession, size: Size = THOUSANDS) -> bool:
    """Fill an empty database and return True; leave one that has users alone.

    Each table takes one statement with a list of rows: in a loop of `session.add` and `flush` this would take minutes.
    """
    if await session.scalar(select(func.count(User.id))):
        return False
    fake = Faker()
    fake.seed_instance(7)
    people = list(_people(fake, size.users))
    await _insert(session, insert(User), people)
    users = (await session.scalars(select(User.id).order_by(User.id))).all()
    await _insert(session, insert(UserProfile), [{"user_id": user, "bio": fake.job()} for user in users])
    await _insert(session, insert(Post), list(_posts(fake, users, size.posts_each)))
    posts = (await session.scalars(select(Post.id).order_by(Post.id))).all()
    await _insert(session, insert(Comment), list(_comments(fake, users, posts, size.comments_each)))
    await _insert(session, insert(Product), list(_products(fake, size.products)))
    await _insert(session, insert(Account), list(_accounts(users)))
    await _give_roles(session, users)
    await session.commit()
    return True


async def set_password_of_guide(session: AsyncSession, password: str) -> int:
    """Let the guide log in with this password, and return the guide's id. Nobody else of the seed can log in."""
    guide = await session.scalar(select(User).where(User.email == GUIDE))
    if guide is None:
        raise RuntimeError(f"the database has users, but no {GUIDE}: let DATABASE_URL name an empty one")
    guide.hashed_password = await hash_password(password)
    await session.commit()
    return guide.id


async def fill(settings: Settings, password: str) -> None:
    """Seed the database of the settings, if it is empty, and give the guide a password."""
    engine = make_engine(settings)
    try:
        async with make_sessions(engine)() as session:
            await seed(session)
            await set_password_of_guide(session, password)
    finally:
        await engine.dispose()


async def _insert(session: AsyncSession, statement: Insert, rows: list[dict[str, Any]]) -> None:
    if rows:
        await session.execute(statement, rows)


def _people(fake: Faker, number: int) -> Iterator[dict[str, Any]]:
    start = utc_now() - timedelta(days=number)
    for n in range(number):
        email = f"user{n + 1}@example.org" if n else GUIDE
        name = fake.name() if n else "The guide"
        yield {
            "name": name,
            "email": email,
            "hashed_password": UNUSABLE_PASSWORD,
            "created_at": start + timedelta(days=n),
        }


def _posts(fake: Faker, users: Any, each: int) -> Iterator[dict[str, Any]]:
    """Neighbouring posts have different authors, as they do in life."""
    number = len(users) * each
    for n, created_at in enumerate(_moments(number)):
        yield {"title": fake.sentence(5), "author_id": users[n % len(users)], "created_at": created_at}


def _comments(fake: Faker, users: Any, posts: Any, each: int) -> Iterator[dict[str, Any]]:
    number = len(users) * each
    sentences = fake.sentences(200)
    for n, created_at in enumerate(_moments(number)):
        author = users[-1 - n % len(users)]
        text = sentences[n % len(sentences)]
        yield {"text": text, "post_id": posts[n % len(posts)], "author_id": author, "created_at": created_at}


def _products(fake: Faker, number: int) -> Iterator[dict[str, Any]]:
    prices = random.Random(7)
    for _ in range(number):
        name = f"{fake.color_name()} {fake.word()}"
        yield {"name": name, "price_cents": prices.randrange(100, 10_000), "stock": 10_000, "version": 1}


def _accounts(users: Any) -> Iterator[dict[str, Any]]:
    yield {"label": "Savings", "owner_id": users[0], "balance_cents": 1_000_000}
    for user in users:
        yield {"label": "Current account", "owner_id": user, "balance_cents": 10_000}


async def _give_roles(session: AsyncSession, users: Any) -> None:
    roles = {role.name: role.id for role in await session.scalars(select(Role))}
    rows = [{"user_id": user, "role_id": roles["user"]} for user in users]
    rows.append({"user_id": users[0], "role_id": roles["admin"]})
    await _insert(session, insert(user_roles), rows)


def _moments(number: int) -> Iterator[datetime]:
    """Yield moments a minute apart, the last of them now."""
    now = utc_now()
    for n in range(number):
        yield now - timedelta(minutes=number - n)
