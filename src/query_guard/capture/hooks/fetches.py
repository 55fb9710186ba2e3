"""How many rows a SELECT brought, where the driver does not say so at execution (sqlite3).

SQLAlchemy leaves it to an execution context how its rows are fetched (`cursor_fetch_strategy`). The one that fetches
plainly is replaced by one that does the same and counts. That is done for the first of several executions of one text
from one line, since what is itself repeated is no answer to what loaded the objects of a loop; for collections, since
they may be trees; and for what has a LIMIT or a bound, since it may be a page.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy.engine import cursor as sqlalchemy_cursor
from sqlalchemy.engine.cursor import CursorFetchStrategy

from query_guard.capture.window.recorder import FETCH_BYTES, Recorder
from query_guard.capture.window.rows import Row
from query_guard.own_errors import followed

_PLAIN = getattr(sqlalchemy_cursor, "_DEFAULT_FETCH", None)


def count_fetched(context: Any, recorders: Iterable[Recorder], row: Row) -> None:
    """Have the rows of an execution counted when they are fetched as a whole, in each window whose last row it is."""
    if _PLAIN is None or context.cursor_fetch_strategy is not _PLAIN or context._is_server_side:
        return
    places = []
    for recorder in recorders:
        if recorder.rows and recorder.rows[-1] is row:
            recorder.room -= FETCH_BYTES
            places.append((recorder.fetched, len(recorder.rows)))
    if places:
        context.cursor_fetch_strategy = _CountingFetch(places)


def _note(rows: Any, _seconds: float, strategy: Any, _result: object, _cursor: object) -> None:
    for fetched, place in strategy.places:
        fetched[place] = len(rows)


class _CountingFetch(CursorFetchStrategy):
    """Fetches plainly; `fetchall` then notes how many rows came. It holds numbers of the window and no more of it."""

    __slots__ = ("places",)

    def __init__(self, places: list[tuple[dict[int, int], int]]) -> None:
        self.places = places

    fetchall = followed(CursorFetchStrategy.fetchall, _note, "the rows of a statement could not be counted")
