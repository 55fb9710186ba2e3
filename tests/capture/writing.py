"""Bodies of tests that write, and the transaction that became of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from query_guard.records import Transaction
from tests.databases import Profiler
from tests.models import Tag


def new_tags(number: int, first: int = 100) -> list[dict[str, Any]]:
    return [{"id": first + n, "name": f"new {n}"} for n in range(number)]


def insert_tag(session: Session, number: int) -> None:
    session.execute(insert(Tag).values(id=number, name="new"))


async def the_transaction(profile: Profiler, body: Callable[[Session], Any]) -> Transaction:
    (transaction,) = (await profile.block(body)).facts.transactions
    return transaction
