"""Seconds of a fingerprint. `python -m benchmarks.fingerprints` is one process and prints one line of JSON."""

from __future__ import annotations

import itertools
import json
from time import perf_counter
from typing import Any

from sqlalchemy import Column, Integer, MetaData, Table, select
from sqlalchemy.dialects import postgresql

from benchmarks.analysis import seconds
from query_guard.fingerprint import fingerprint

HITS = 1_000


def orm_select() -> str:
    """Return a SELECT of 2.8 kB as the ORM writes it: every column with its label."""
    table = Table("customer_orders", MetaData(), *[Column(f"column_{number:02}", Integer) for number in range(48)])
    columns = [column.label(f"customer_orders_{column.name}") for column in table.c]
    make_dialect: Any = postgresql.dialect  # SQLAlchemy has not typed it
    return str(select(*columns).where(table.c.column_00 == 1).compile(dialect=make_dialect()))


def _hit(text: str) -> float:
    """Time many calls at once: one is shorter than the clock's own."""
    fingerprint(text)
    started = perf_counter()
    for _ in range(HITS):
        fingerprint(text)
    elapsed = perf_counter() - started
    started = perf_counter()
    for _ in range(HITS):
        pass
    return (elapsed - (perf_counter() - started)) / HITS


def _figures() -> dict[str, float]:
    text = orm_select()
    numbers = itertools.count()
    in_list = "SELECT 1 FROM t WHERE id IN (" + ", ".join(map(str, range(1_000_000 // 8))) + ")"
    string = "SELECT '" + "x" * 1_000_000 + "'"
    return {
        "hit": min(_hit(text) for _ in range(20)),
        "miss": seconds(lambda: fingerprint(f"{text} LIMIT {next(numbers)}")),
        "in_list": seconds(lambda: fingerprint(in_list)),
        "string": seconds(lambda: fingerprint(string)),
    }


if __name__ == "__main__":
    print(json.dumps(_figures()))
