"""Relationships that a refresh loads with the object, as their mapping says (`lazy="selectin"`): they belong to it."""

from __future__ import annotations

from collections.abc import Iterable

from query_guard.records import Facts, Statement


def are_of_refreshes(rows: Iterable[Statement], facts: Facts) -> bool:
    """Whether each was sent by the `session.refresh()` that had just loaded its object, and that did not name it."""
    return all((source := _refresh_of(row, facts)) is not None and not _names(source, row) for row in rows)


def loaded_with(refreshes: Iterable[Statement], facts: Facts) -> tuple[int, ...]:
    """Return the serials of all relationships that these refreshes loaded with their objects."""
    serials = {row.serial for row in refreshes}
    loads = [row for load in facts.load_paths.loads for row in load.rows]
    sources = [(row.serial, _refresh_of(row, facts)) for row in loads]
    return tuple(serial for serial, source in sources if source is not None and source.serial in serials)


def _refresh_of(row: Statement, facts: Facts) -> Statement | None:
    source = facts.load_paths.source_of(row)
    if source is None or source.loader is None or source.loader.kind != "refresh":
        return None
    return source if source.site.key == row.site.key else None


def _names(refresh: Statement, load: Statement) -> bool:
    """Whether a refresh was given the name of a relationship: `refresh(user, ["posts"])`."""
    if refresh.loader is None or load.loader is None:
        return False
    return load.loader.attribute in refresh.loader.attribute.split(", ")
