"""One query for the parents, and one more for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from query_guard.detectors.remedies import Remedy, remedy_for
from query_guard.records import Facts, Finding, Statement

KIND = "n_plus_one"

_OWNED = frozenset(("lazy", "immediate"))


@dataclass(frozen=True, slots=True)
class NPlusOne:
    """Find a statement that a loop repeats.

    It is one shape, from one site, on one engine, in one window (in one message of a WebSocket).
    Where a relationship is known, two different owners make it a loop: the second load is one too many.
    Elsewhere three different sets of values do, since two may be a coincidence.
    The chunks of one eager load are not a loop, and one execution that needs several driver calls counts once.
    Repetitions with the same values are duplicates, not this.
    """

    owners: int = 2
    repeats: int = 3

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        for rows in facts.by_shape_and_site.values():
            if len(rows) > 1 and self._is_loop(rows):
                yield _finding(rows, facts)

    def _is_loop(self, rows: list[Statement]) -> bool:
        loader = rows[0].loader
        if loader is not None and loader.kind == "eager":
            return False
        if loader is not None and loader.kind in _OWNED:
            return len({row.owner for row in rows}) >= self.owners
        if len(rows) < self.repeats:
            return False
        different = {row.value_key if not row.executemany else row.serial for row in rows}
        return len(different) >= self.repeats


def _finding(rows: list[Statement], facts: Facts) -> Finding:
    first = rows[0]
    remedy: Remedy = remedy_for(first)
    sites = list(dict.fromkeys(row.site for row in rows))
    what = f"{first.relationship} was loaded" if first.relationship else f"{_noun(first)} ran"
    return Finding(
        kind=KIND,
        severity="warning",
        summary=f"{what} {len(rows)} times, once for each object of a loop: {first.sql}",
        fix=remedy.advice,
        remedy=remedy.code,
        site=first.site,
        callers=tuple(sites[:5]),
        count=len(rows),
        relationship=first.relationship,
        saving=(len(rows) - 1) * median(row.duration for row in rows),
        phase=first.phase,
        statements=tuple(row.serial for row in rows),
        request=first.request,
    )


def _noun(row: Statement) -> str:
    table = (row.writes or row.tables)[:1]
    return f"{row.operation} {'on' if row.operation != 'SELECT' else 'from'} {table[0]}" if table else row.operation
