"""`session.merge()` in a loop: each looks its object up first."""

from __future__ import annotations

from collections.abc import Sequence

from query_guard.detectors.remedies.batched import filters_of, in_values
from query_guard.detectors.remedies.remedy import Remedy
from query_guard.records import Statement


def merged_one_by_one(rows: Sequence[Statement]) -> Remedy:
    """Return the remedy for the selects of `session.merge()`: objects that are in the session are not looked up."""
    entity, filters = rows[0].info.entity, filters_of(rows[0])
    code = f"select({entity}).where({in_values(filters)})" if entity is not None and filters else ""
    select = f": {code}" if code else ""
    return Remedy(
        code,
        f"session.merge() looks each {entity or 'object'} up: load all that are there with one select before the loop, "
        f"and keep them until it is over{select}",
    ).once_for(rows)
