"""An N+1 that the test data hide: one parent in the test, many in production."""

from __future__ import annotations

import re
from collections.abc import Iterator

from query_guard.detectors.remedies import remedy_for
from query_guard.records import Facts, Finding, Statement

KIND = "latent_n_plus_one"

_ONE_ROW = r"\b(?:LIMIT|FETCH FIRST|FETCH NEXT)\b"


class LatentNPlusOne:
    """Find a relationship that was lazily loaded for one object, from a query that could have returned many.

    A query could if it has no LIMIT and its filters do not cover a key. It is strict, and therefore opt-in:
    `detectors=defaults(LatentNPlusOne())`.
    """

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        for rows in facts.by_shape_and_site.values():
            first = rows[0]
            if first.loader is None or first.loader.kind != "lazy" or len({row.owner for row in rows}) > 1:
                continue
            query = _query_of(first, facts)
            if query is not None and _could_return_many(query):
                yield _finding(first, facts)


def _query_of(row: Statement, facts: Facts) -> Statement | None:
    """Return what loaded the object first; a refresh, or a reload of what had expired, loads again what is there."""
    query = facts.load_paths.source_of(row)
    while query is not None and query.loader is not None and not query.loader.path:
        query = facts.load_paths.source_of(query)
    return query


def _could_return_many(query: Statement) -> bool:
    if query.loader is not None and query.loader.path:
        return query.loader.collection
    return not query.info.unique and not re.search(_ONE_ROW, query.sql)


def _finding(row: Statement, facts: Facts) -> Finding:
    remedy = remedy_for([row], facts)
    return Finding(
        kind=KIND,
        severity="warning",
        summary=f"{row.relationship} was loaded for one object, of a query that could return many: {row.sql}",
        fix=remedy.advice,
        remedy=remedy.code,
        edit=remedy.edit,
        option=remedy.option,
        site=row.site,
        relationship=row.relationship,
        phase=row.phase,
        statements=(row.serial,),
        request=row.request,
    )
