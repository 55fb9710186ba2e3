"""Two lists joined side by side: each row of one with each row of the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from query_guard.detectors.thresholds import Thresholds
from query_guard.records import Facts, Finding, Statement, Triggers

KIND = "cartesian_product"
_Path = tuple[str, ...]


@dataclass(eq=False)
class CartesianProduct(Thresholds):
    """Find a select that multiplies rows: two collections side by side, or two tables without a condition between them.

    Collections are side by side unless one is below the other: a chain of collections multiplies nothing. They may be
    loaded by joinedload or by contains_eager. Tables without a condition are those that SQLAlchemy warns of. Fewer than
    `rows` rows are not reported, unless an aggregate counts them; where the number of rows is not known, the pattern is
    enough.
    """

    rows: int = 20

    @property
    def triggers(self) -> Triggers:
        return {"joins": 1}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        for rows in facts.by_shape_and_site.values():
            info = rows[0].info
            siblings = _siblings((*info.joined, *info.contained))
            if not siblings and not info.unjoined:
                continue
            worst = max(rows, key=lambda row: row.brought or 0)
            aggregates = bool(info.unjoined) and info.clauses.aggregates
            if worst.brought is None or worst.brought >= self.rows or aggregates:
                yield _of_collections(rows, worst, siblings) if siblings else _of_tables(rows, worst)


def _siblings(paths: tuple[_Path, ...]) -> list[_Path]:
    """Return the paths of the largest group of collections that multiply each other, nearest to the root."""
    heads = [path for path in paths if not any(_is_below(path, other) for other in paths)]
    families = [[other for other in heads if other is head or _multiply(head, other)] for head in heads]
    largest = max(families, key=len, default=[])
    if len(largest) > 1:
        return largest
    nested = [_siblings(tuple([path for path in paths if _is_below(path, head)])) for head in heads]
    return max(nested, key=len, default=[])


def _is_below(path: _Path, other: _Path) -> bool:
    return len(path) > len(other) and path[: len(other)] == other


def _multiply(first: _Path, second: _Path) -> bool:
    """Whether two paths part at one class; collections of two subclasses belong to different objects."""
    parting = next(((a, b) for a, b in zip(first, second, strict=False) if a != b), None)
    return parting is not None and parting[0].partition(".")[0] == parting[1].partition(".")[0]


def _of_collections(rows: list[Statement], worst: Statement, siblings: list[_Path]) -> Finding:
    names = [path[-1] for path in siblings]
    options = ", ".join(_option(path) for path in siblings[1:])
    is_contained = any(path in worst.info.contained for path in siblings)
    in_place_of = "contains_eager, without its join" if is_contained else "joinedload"
    return _finding(
        rows,
        worst,
        f"{' and '.join(names)} are joined side by side",
        f"Load all but one of them with a select of their own: {options} in place of {in_place_of}",
        remedy="" if is_contained else options,  # the join may filter, too
        relationship=names[1],
    )


def _of_tables(rows: list[Statement], worst: Statement) -> Finding:
    tables = " and ".join(worst.info.unjoined)
    return _finding(
        rows,
        worst,
        f"{tables} are selected from without a condition between them",
        "Add the condition: .join(...) with the relationship or an ON clause, or .where(...)",
    )


def _finding(
    rows: list[Statement], worst: Statement, fault: str, fix: str, remedy: str = "", relationship: str | None = None
) -> Finding:
    fetched = f", {worst.brought} rows" if worst.brought is not None else ""
    return Finding(
        kind=KIND,
        severity="warning",
        summary=f"{fault}{fetched}: {worst.sql}",
        fix=fix,
        remedy=remedy,
        site=worst.site,
        count=len(rows),
        relationship=relationship,
        phase=worst.phase,
        statements=tuple(row.serial for row in rows),
        request=worst.request,
    )


def _option(path: _Path) -> str:
    return ".".join([*(f"joinedload({name})" for name in path[:-1]), f"selectinload({path[-1]})"])
