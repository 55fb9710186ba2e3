"""Which statement brought an object: SQLAlchemy numbers its loads, and each object carries the number of its own.

`loading.instances` is wrapped, once and on the module: there the number (`runid`) meets the execution that it is of.
It is kept in the window as a plain number beside the position of the execution's row, so nothing is kept alive.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from itertools import chain
from typing import Any

from sqlalchemy.orm import loading

from query_guard.capture.origin.statement_info import ON_COMPILED, UnreadInfo
from query_guard.capture.window.recorder import LOAD_BYTES, Recorder
from query_guard.capture.window.rows import COUNT, INFO, SHARED
from query_guard.capture.window.window import Window, current, recorders, sole_recorder, watchers
from query_guard.own_errors import report_own_error

_LOOK_BACK = 20


def install() -> None:
    """Learn the number of each load; called once."""
    module: Any = loading
    if hasattr(module, "instances"):
        module.instances = _numbered(module.instances)


def _numbered(instances: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(instances)
    def numbered_instances(cursor: Any, context: Any) -> Any:
        result = instances(cursor, context)
        window = current.get()
        if window is not None or watchers:
            _note(window, cursor, context, result)
        return result

    return numbered_instances


def _note(window: Window | None, cursor: Any, context: Any, result: Any) -> None:
    try:
        recorder = sole_recorder(window)
        if recorder is not None and recorder.loads is not None and recorder.room > 0:  # as in most requests
            rows, loads = recorder.rows, recorder.loads
            row = rows[-1]
            if row[SHARED][INFO] is cursor.context.compiled.__dict__.get(ON_COMPILED):
                number = context.runid
                loads.extend((number, len(rows)))
                recorder.room -= LOAD_BYTES
                if row[COUNT] is None and not (context.yield_per or result._yield_per or result.dynamic_yield_per):
                    result.iterator = chain.from_iterable(_counted(result.chunks(None), number, (loads,)))
                return
        target = getattr(cursor.context.compiled, ON_COMPILED, None)
        counted = [
            recorder.loads
            for recorder in recorders(window)
            if recorder.room > 0 and _add(recorder, target, context.runid)
        ]
        if counted and not (context.yield_per or result._yield_per or result.dynamic_yield_per):
            result.iterator = chain.from_iterable(_counted(result.chunks(None), context.runid, counted))
    except Exception:
        report_own_error("which statement brought an object could not be noted")


def _add(recorder: Recorder, target: UnreadInfo | None, number: int) -> bool:
    """Note the row that a load is of, which is the last one; return whether its driver counted no rows.

    Where threads share the window, another's row may have followed.
    """
    rows = recorder.rows
    position = len(rows)
    for place in range(position, max(0, position - _LOOK_BACK), -1):
        row = rows[place - 1]
        if target is None or row[SHARED][INFO] is target:
            if recorder.loads is None:
                recorder.loads = array("q")
            recorder.loads.extend((number, place))
            recorder.room -= LOAD_BYTES
            return row[COUNT] is None
    return False


def _counted(chunks: Iterator[list[Any]], number: int, counted: Sequence[array[int] | None]) -> Iterator[list[Any]]:
    """Pass on the rows of a load, and note how many there were; by the negative number, as no load has it."""
    for rows in chunks:
        for loads in counted:
            if loads is not None:
                loads.extend((-number, len(rows)))
        yield rows
