"""Two collections joined side by side: each row of one with each row of the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from query_guard.detectors.thresholds import Thresholds
from query_guard.records import Facts, Finding, Statement, Triggers, grouped

KIND = "cartesian_product"


@dataclass(eq=False)
class CartesianProduct(Thresholds):
    """Find a select that loads two sibling collections with joinedload, and so multiplies their rows.

    Collections are siblings when they hang on the same parent; a chain, one below the other, multiplies nothing.
    Fewer than `rows` rows are not worth a word; where the driver does not say, the pattern alone counts.
    """

    rows: int = 20

    @property
    def triggers(self) -> Triggers:
        return {"joins": 1}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        for rows in facts.by_shape_and_site.values():
            siblings = _siblings(rows[0]) if rows[0].info.joined else []
            if len(siblings) > 1:
                worst = max(rows, key=lambda row: row.rows or 0)
                if worst.rows is None or worst.rows >= self.rows:
                    yield _finding(rows, worst, siblings)


def _siblings(row: Statement) -> list[tuple[str, ...]]:
    """Return the paths of the largest family of joined collections that share a parent."""
    families = grouped(row.info.joined, lambda path: (path[:-1], path[-1].partition(".")[0]))
    return max(families.values(), key=len, default=[])


def _finding(rows: list[Statement], worst: Statement, siblings: list[tuple[str, ...]]) -> Finding:
    names = [path[-1] for path in siblings]
    fetched = f", {worst.rows} rows" if worst.rows is not None else ""
    others = ", ".join(_option(path) for path in siblings[1:])
    return Finding(
        kind=KIND,
        severity="warning",
        summary=f"{' and '.join(names)} are joined side by side{fetched}: {worst.sql}",
        fix=f"Load all but one of them with a select of their own: {others} in place of joinedload",
        remedy=others,
        site=worst.site,
        count=len(rows),
        relationship=names[1],
        phase=worst.phase,
        statements=tuple(row.serial for row in rows),
        request=worst.request,
    )


def _option(path: tuple[str, ...]) -> str:
    return ".".join([*(f"joinedload({name})" for name in path[:-1]), f"selectinload({path[-1]})"])
