"""Why a repeated statement is not a loop to be mended: each reason is a sentence that the report shows."""

from __future__ import annotations

import re
from functools import lru_cache

from query_guard.records import Facts, Statement

_CHUNK = 20
"""Values an IN list must have, on average, to be a chunk of a longer one."""

_BOUNDS = frozenset(("<", ">", "<=", ">="))
_OFFSET = "OFFSET"


def batch_reason(rows: list[Statement], facts: Facts) -> str | None:
    """Return why these repetitions are one piece of work, or None when nothing speaks for it."""
    if _is_eager(rows):
        return f"one load in {len(rows)} chunks of selectinload({rows[0].relationship})"
    if _is_flush(rows):
        return f"{len(rows)} rows of one flush"
    if _is_retry(rows, facts):
        return "a retry: the transactions before the last one failed"
    if _is_chunked(rows):
        return f"chunks of an IN list, {sum(row.binds for row in rows) // len(rows)} values each"
    return _paging(rows)


def _is_eager(rows: list[Statement]) -> bool:
    return rows[0].loader is not None and rows[0].loader.kind == "eager"


def _is_flush(rows: list[Statement]) -> bool:
    return rows[0].flush != 0 and all(row.flush == rows[0].flush for row in rows)


def _is_retry(rows: list[Statement], facts: Facts) -> bool:
    if not facts.failed_transactions:
        return False
    last = rows[-1].transaction
    earlier = {row.transaction for row in rows if row.transaction != last}
    return bool(earlier) and earlier <= facts.failed_transactions and sum(row.transaction == last for row in rows) == 1


def _is_chunked(rows: list[Statement]) -> bool:
    return "IN (?)" in rows[0].sql and sum(row.binds for row in rows) >= _CHUNK * len(rows)


def _paging(rows: list[Statement]) -> str | None:
    """Pages change their OFFSET, or the bounds of the columns they are ordered by, and nothing else."""
    sql = rows[0].sql
    if not _is_limited(sql):
        return None
    places = bind_places(sql)
    if not any(row.values for row in rows):
        changed = list(places)  # values inside the text: any of them may have changed
    elif all(len(row.values) == len(places) for row in rows):
        by_place = zip(*(row.values for row in rows), strict=True)
        changed = [place for place, values in zip(places, by_place, strict=True) if len({*values}) > 1]
    else:
        return None
    operators = {operator for _, operator in changed}
    if _OFFSET in operators and operators <= {_OFFSET, "LIMIT"}:
        return "pages: only OFFSET changes"
    bounded = {column for column, operator in changed if operator in _BOUNDS}
    ordered = " LIMIT " in sql and " ORDER BY " in sql
    if bounded and ordered and {column for column, _ in changed} <= bounded:
        return f"pages: only the bound of {', '.join(sorted(bounded))} changes"
    return None


@lru_cache(maxsize=1024)
def _is_limited(sql: str) -> bool:
    return re.search(r"\b(?:LIMIT|OFFSET|FETCH)\b", sql) is not None


@lru_cache(maxsize=1024)
def bind_places(sql: str) -> tuple[tuple[str, str], ...]:
    """Return column and operator before each value of a canonical text; LIMIT and OFFSET are operators, too."""
    places: list[tuple[str, str]] = []
    for match in re.finditer(r"(?<!\?)\?(?![?|&])", sql):
        words = sql[max(0, match.start() - 300) : match.start()].replace("(", " ( ").split()
        if words[-1:] == ["?,"] and places:
            places.append(places[-1])
        elif words[-1:] == ["("] and words[-2:-1] and words[-2] in _BOUNDS:
            places.append((" ".join(words[:-2]).rpartition(" ( ")[2].rstrip(" )"), words[-2]))
        else:
            places.append((words[-2] if len(words) > 1 else "", words[-1] if words else ""))
    return tuple(places)
