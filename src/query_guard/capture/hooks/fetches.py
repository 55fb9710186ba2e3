"""How many rows a SELECT returned, where the driver does not say so at execution (sqlite3).

The `cursor_fetch_strategy` of an execution context fetches its rows. The default strategy is replaced by one that also
counts them, where the number is needed later: for the first of several executions of one text from one line, which may
have loaded the objects of a loop; for collections, which may be trees; and for statements with a LIMIT or a bound,
which may be pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy.engine import cursor as sqlalchemy_cursor
from sqlalchemy.engine.cursor import CursorFetchStrategy

from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.rows import Row
from query_guard.capture.window.sizes import FETCH_BYTES
from query_guard.own_errors import followed

_PLAIN = getattr(sqlalchemy_cursor, "_DEFAULT_FETCH", None)


def count_fetched(context: Any, recorders: Iterable[Recorder], row: Row) -> None:
    """Count the rows of an execution when all are fetched, for each window in which it is the last row."""
    if _PLAIN is None or context.cursor_fetch_strategy is not _PLAIN or context._is_server_side:
        return
    positions = []
    for recorder in recorders:
        if recorder.rows and recorder.rows[-1] is row:
            recorder.room -= FETCH_BYTES
            positions.append((recorder.fetched, len(recorder.rows)))
    if positions:
        context.cursor_fetch_strategy = _CountingFetch(positions)


def _note(rows: Any, _seconds: float, strategy: Any, _result: object, _cursor: object) -> None:
    for fetched, position in strategy.positions:
        fetched[position] = len(rows)


class _CountingFetch(CursorFetchStrategy):
    """The default strategy, whose `fetchall` also notes the number of rows. It keeps no more of the window alive."""

    __slots__ = ("positions",)

    def __init__(self, positions: list[tuple[dict[int, int], int]]) -> None:
        self.positions = positions

    fetchall = followed(CursorFetchStrategy.fetchall, _note, "the rows of a statement could not be counted")
