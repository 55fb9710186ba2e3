"""Rows for tests, and the headers of their users."""

from __future__ import annotations

from itertools import count
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from example_app.core.security import UNUSABLE_PASSWORD, create_token
from example_app.core.settings import Settings
from example_app.models import Account, Comment, Post, Product, Role, Transfer, User, UserProfile

_numbers = count(1)


class Factory:
    """Each method commits, as another request would have."""

    def __init__(self, session: AsyncSession, settings: Settings) -> None:
        self.session = session
        self.settings = settings

    async def save(self, *rows: Any) -> None:
        self.session.add_all(rows)
        await self.session.commit()

    async def user(self, *roles: str, password: str = UNUSABLE_PASSWORD) -> User:
        number = next(_numbers)
        granted = (await self.session.scalars(select(Role).where(Role.name.in_(roles or ["user"])))).all()
        user = User(name=f"User {number}", email=f"user{number}@example.org", hashed_password=password)
        user.roles, user.profile = [*granted], UserProfile(bio="Likes tests")
        await self.save(user)
        return user

    async def posts(self, author: User, number: int = 1, **columns: Any) -> list[Post]:
        posts = [Post(title=f"Post {n}", author_id=author.id, **columns) for n in range(number)]
        await self.save(*posts)
        return posts

    async def post(self, author: User, **columns: Any) -> Post:
        (post,) = await self.posts(author, **columns)
        return post

    async def comment(self, post: Post, author: User) -> Comment:
        comment = Comment(text="Well said.", post_id=post.id, author_id=author.id)
        await self.save(comment)
        return comment

    async def product(self, **columns: Any) -> Product:
        product = Product(**{"name": "Teapot", "price_cents": 1200, "stock": 10, **columns})
        await self.save(product)
        return product

    async def account(self, owner: User, balance_cents: int = 1000) -> Account:
        account = Account(label="Current account", owner_id=owner.id, balance_cents=balance_cents)
        await self.save(account)
        return account

    async def transfer(self, source: Account, target: Account) -> Transfer:
        transfer = Transfer(source_id=source.id, target_id=target.id, amount_cents=1)
        await self.save(transfer)
        return transfer

    def logged_in(self, user: User) -> dict[str, str]:
        return {"Authorization": f"Bearer {create_token(user.id, self.settings)}"}
