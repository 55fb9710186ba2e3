"""Statements that a listener of the application sends for each object that a flush writes, as audit trails do."""

from __future__ import annotations

from collections.abc import Sequence

from query_guard.detectors.remedies.remedy import Remedy
from query_guard.detectors.remedies.writes import table_of
from query_guard.records import CallSite, Facts, Statement


def is_of_listener(row: Statement, facts: Facts) -> bool:
    """Whether a statement was sent by a listener that a flush called: the flush itself writes from an outer site."""
    return row.flush != 0 and any(
        flushed.flush == row.flush and _is_called_from(row.site, flushed.site) for flushed in facts.statements
    )


def _is_called_from(site: CallSite, outer: CallSite) -> bool:
    """Whether the frames of a site were called from those of `outer`, through SQLAlchemy."""
    return 0 < len(outer.frames) < len(site.frames) and site.frames[-len(outer.frames) :] == outer.frames


def sent_by_listener(rows: Sequence[Statement]) -> Remedy:
    """Return the remedy for a listener that writes one by one."""
    row = rows[0]
    name = f"{row.site.innermost.function}()" if row.site.innermost is not None else "A listener"
    return Remedy(
        "",
        f"{name} sends the {row.operation} of {table_of(row)} for each object that is flushed: collect the rows there, "
        "and send one statement for all from an after_flush listener of the session",
    )
