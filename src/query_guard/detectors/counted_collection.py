"""A collection that is loaded only to be counted."""

from __future__ import annotations

from collections.abc import Iterator

from query_guard.records import Facts, Finding, Read, Statement

KIND = "counted_collection"


class CountedCollection:
    """Find a collection of which only `len()` was read; opt-in, for windows that note reads.

    Requests in which a statement failed are left out: they may have ended before their other reads.
    """

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        rows = [row for row in facts.statements if row.request not in facts.failed_requests]
        for name, reads in facts.reads_by_relationship.items():
            loads = [row for row in rows if _loads_collection(row, name)]
            if loads and all(read.counted for read in reads):
                yield _finding(name, reads, loads)


def _loads_collection(row: Statement, name: str) -> bool:
    of_its_own = row.loader is not None and row.loader.collection and row.relationship == name
    return of_its_own or any(path[-1] == name for path in row.info.joined)


def _finding(name: str, reads: list[Read], loads: list[Statement]) -> Finding:
    lazy = [row for row in loads if row.loader is not None and row.loader.kind == "lazy"]
    remedy = _count_of(reads[0].foreign_key)
    return Finding(
        kind=KIND,
        severity="warning",
        summary=f"{name} was loaded only to be counted: {loads[0].sql}",
        fix=_advice(name, remedy),
        remedy=remedy,
        site=reads[0].site,
        callers=tuple(dict.fromkeys(read.site for read in reads))[:5],
        count=sum(read.times for read in reads),
        relationship=name,
        saved_statements=max(0, len(lazy) - 1),
        phase=loads[0].phase,
        statements=tuple(row.serial for row in loads),
        request=loads[0].request,
    )


def _advice(name: str, remedy: str) -> str:
    if remedy:
        return f"Count in SQL, once for all owners (values are their keys): {remedy}"
    owner = name.partition(".")[0]
    return f"Count in SQL: select func.count() over the join of {name}, or map a column_property of {owner} that does"


def _count_of(foreign_key: tuple[str, ...]) -> str:
    """Return the code of a select of keys and counts, or an empty text without a plain foreign key."""
    if not foreign_key:
        return ""
    columns = ", ".join(foreign_key)
    key = columns if len(foreign_key) == 1 else f"tuple_({columns})"
    return f"select({columns}, func.count()).where({key}.in_(values)).group_by({columns})"
