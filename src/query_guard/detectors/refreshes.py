"""What a refresh reads.

Relationships that it loads with the object, because of their mapping (`lazy="selectin"`), belong to the refresh. A
refresh right after the statement that wrote the object reads back the values that the database made, as in the
`create()` of a repository: it belongs to that write.
"""

from __future__ import annotations

from collections.abc import Iterable

from query_guard.records import Facts, Statement


def are_of_refreshes(rows: Iterable[Statement], facts: Facts) -> bool:
    """Whether each was sent by the `session.refresh()` that had just loaded its object.

    A refresh that names the relationship is a load by itself, unless the object had just been added.
    """
    return all(
        (source := _refresh_of(row, facts)) is not None and (source.loaded_by == 0 or not _names(source, row))
        for row in rows
    )


def are_read_back(rows: Iterable[Statement], facts: Facts) -> bool:
    """Whether each refreshes what the statement before it wrote, or was loaded by such a refresh."""
    return all(_is_read_back(row if _is_refresh(row) else _refresh_of(row, facts), facts) for row in rows)


def read_back_singly(writes: Iterable[Statement], facts: Facts) -> bool:
    """Whether each of some writes is followed by a refresh of what it wrote."""
    afterwards = [facts.load_paths.at(row.serial + 1) for row in writes]
    return all(row is not None and _is_refresh(row) and _is_read_back(row, facts) for row in afterwards)


def _is_refresh(row: Statement) -> bool:
    return row.loader is not None and row.loader.kind == "refresh"


def _is_read_back(refresh: Statement | None, facts: Facts) -> bool:
    previous = facts.load_paths.at(refresh.serial - 1) if refresh is not None else None
    if refresh is None or previous is None or previous.task != refresh.task:
        return False
    return not {*previous.writes}.isdisjoint(refresh.tables)


def loaded_with(refreshes: Iterable[Statement], facts: Facts) -> tuple[int, ...]:
    """Return the serials of all relationships that these refreshes loaded with their objects."""
    serials = {row.serial for row in refreshes}
    loads = [row for load in facts.load_paths.loads for row in load.rows]
    sources = [(row.serial, _refresh_of(row, facts)) for row in loads]
    return tuple(serial for serial, source in sources if source is not None and source.serial in serials)


def _refresh_of(row: Statement, facts: Facts) -> Statement | None:
    source = facts.load_paths.source_of(row)
    if source is None or not _is_refresh(source):
        return None
    return source if source.site.key == row.site.key else None


def _names(refresh: Statement, load: Statement) -> bool:
    """Whether a refresh was given the name of a relationship: `refresh(user, ["posts"])`."""
    if refresh.loader is None or load.loader is None:
        return False
    return load.loader.attribute in refresh.loader.attribute.split(", ")
