"""The pools' own methods, wrapped: their calls become checkouts.

SQLAlchemy has no event for the start of a wait, and none for a pool timeout. So `Pool.connect` is wrapped on the class,
which works for threads and asyncio, and after `dispose()`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.pool import Pool, SingletonThreadPool

from query_guard.capture.hooks.checkouts import (
    CHECKIN,
    CONNECT,
    OPEN,
    SERIAL,
    checked_in,
    checked_out,
    comes_back,
    detached,
    failed,
    invalidated,
    last_ping,
    left_unrecorded,
)
from query_guard.capture.window.window import current, watchers
from query_guard.own_errors import contained, followed, report_own_error

_OF_CHECKIN = ("self", "_fairy_was_created")
"""The parameters of the method that is wrapped; where a release has others, an event listener is used instead."""


def install(watch_dialect: Callable[[Any], None], is_watched: Callable[[Any], bool]) -> None:
    """Wrap the pools of the process; called once.

    At a checkout, `watch_dialect` is called with a dialect that has listeners, or for which `is_watched` is false.
    """
    pool_classes: tuple[Any, ...] = (Pool, SingletonThreadPool)
    for pool_class in pool_classes:
        pool_class.connect = _timed(pool_class.connect, watch_dialect, is_watched)
    record_class: Any = sys.modules["sqlalchemy.pool.base"]._ConnectionRecord
    name = "_ConnectionRecord__connect"
    if hasattr(record_class, name):
        setattr(
            record_class, name, followed(getattr(record_class, name), _connected, "a connect could not be recorded")
        )
    watch_checkins(record_class)
    dialect: Any = DefaultDialect
    if hasattr(dialect, "_do_ping_w_event"):
        dialect._do_ping_w_event = followed(dialect._do_ping_w_event, _pinged, "a ping could not be recorded")
    event.listen(Pool, "invalidate", on_invalidate)
    event.listen(Pool, "detach", on_detach)


def watch_checkins(record_class: Any) -> None:
    """Wrap the checkin of a connection record, which costs each checkout a quarter of what a listener costs."""
    checkin = getattr(record_class, "checkin", None)
    code = getattr(checkin, "__code__", None)
    if checkin is not None and code is not None and code.co_varnames[: code.co_argcount] == _OF_CHECKIN:
        record_class.checkin = _noted_checkin(checkin)
    else:
        event.listen(Pool, "checkin", on_checkin)


on_checkin = contained(lambda _connection, record: checked_in(record), CHECKIN)
on_detach = contained(lambda _connection, record: detached(record), "a detached connection could not be recorded")
on_invalidate = contained(
    lambda _connection, record, _error: invalidated(record), "an invalidated connection could not be recorded"
)


def _timed(
    connect: Callable[[Any], Any], watch_dialect: Callable[[Any], None], is_watched: Callable[[Any], bool]
) -> Callable[[Any], Any]:
    @wraps(connect)
    def timed_connect(pool: Any) -> Any:
        window = current.get()
        if window is None and not watchers:
            return connect(pool)
        try:
            dialect = pool._dialect
            if not is_watched(dialect) or dialect._has_events:
                watch_dialect(dialect)
        except Exception:
            report_own_error("a dialect could not be watched")
        started = perf_counter()
        try:
            fairy = connect(pool)
        except BaseException as error:
            try:
                failed(pool, started, error)
            except Exception:
                report_own_error("a failed checkout could not be recorded")
            raise
        try:
            if window is not None and window.is_counted_only and not watchers:
                left_unrecorded(pool, fairy, started)
            else:
                checked_out(pool, fairy, started, window)
        except Exception:
            report_own_error("a checkout could not be recorded")
        return fairy

    return timed_connect


def _connected(_: object, seconds: float, record: Any) -> None:
    info = record.record_info
    info[CONNECT] = (seconds, perf_counter())
    info.pop(SERIAL, None)  # it is another connection, in place of a lost one


def _pinged(_: object, seconds: float, *__: Any) -> None:
    last_ping.set(seconds)


def _noted_checkin(checkin: Callable[..., None]) -> Callable[..., None]:
    @wraps(checkin)
    def noted_checkin(record: Any, _fairy_was_created: bool = True) -> None:
        try:
            if OPEN in record.record_info:
                comes_back(record)
        except Exception:
            report_own_error(CHECKIN)
        finally:
            checkin(record, _fairy_was_created)

    return noted_checkin
