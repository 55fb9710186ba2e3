"""Checkouts: how long a connection was waited for, made, held and used.

SQLAlchemy has no event for the start of a wait, and a pool timeout fires none, so `Pool.connect` is wrapped on the
class: that holds for threads and asyncio and survives `dispose()`. What is known of an open checkout stands in the
connection record's `record_info`, since detached and collected connections never fire `checkin`.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import Any

from sqlalchemy import event
from sqlalchemy import exc as sqlalchemy_errors
from sqlalchemy.pool import Pool, SingletonThreadPool

from query_guard.capture.call_site import call_site
from query_guard.capture.recorder import current, is_recording, recorders
from query_guard.capture.rows import OpenCheckout
from query_guard.capture.trouble import report_trouble

OPEN = "query_guard.checkouts"
_CONNECT = "query_guard.connect"
_SERIAL = "query_guard.connection"

_connection_serials = itertools.count(1)


def install(watch_dialect: Callable[[Any], None]) -> None:
    """Wrap the pools of the process; called once. `watch_dialect` is shown the dialect of each checkout."""
    pool_classes: tuple[Any, ...] = (Pool, SingletonThreadPool)
    for pool_class in pool_classes:
        pool_class.connect = _timed(pool_class.connect, watch_dialect)
    record_class: Any = sys.modules["sqlalchemy.pool.base"]._ConnectionRecord
    name = "_ConnectionRecord__connect"
    if hasattr(record_class, name):
        setattr(record_class, name, _timed_connect(getattr(record_class, name)))
    event.listen(Pool, "checkin", _on_checkin)


def _timed(connect: Callable[[Any], Any], watch_dialect: Callable[[Any], None]) -> Callable[[Any], Any]:
    @wraps(connect)
    def timed_connect(pool: Any) -> Any:
        if not is_recording():
            return connect(pool)
        watch_dialect(pool._dialect)
        started = perf_counter()
        try:
            fairy = connect(pool)
        except BaseException as error:
            _failed(pool, started, error)
            raise
        _checked_out(pool, fairy, started)
        return fairy

    return timed_connect


def _timed_connect(connect: Callable[[Any], None]) -> Callable[[Any], None]:
    @wraps(connect)
    def timed(record: Any) -> None:
        started = perf_counter()
        connect(record)
        record.record_info[_CONNECT] = perf_counter() - started

    return timed


def _checked_out(pool: Any, fairy: Any, started: float) -> None:
    try:
        info = fairy.record_info
        open_checkouts = info.setdefault(OPEN, [])
        if open_checkouts and isinstance(pool, SingletonThreadPool):
            return
        checkout = OpenCheckout(pool, started, call_site(sys._getframe(2)))
        checkout.connect = info.pop(_CONNECT, 0.0)
        checkout.wait = max(0.0, perf_counter() - started - checkout.connect)
        checkout.connection = fairy.info.setdefault(_SERIAL, None) or _numbered(fairy.info)
        open_checkouts.append(checkout)
        _deliver(checkout)
    except Exception:
        report_trouble("a checkout could not be recorded")


def _numbered(info: Any) -> int:
    serial = info[_SERIAL] = next(_connection_serials)
    return serial


def _failed(pool: Any, started: float, error: BaseException) -> None:
    """Record a checkout that was never had."""
    try:
        checkout = OpenCheckout(pool, started, call_site(sys._getframe(2)))
        checkout.wait = perf_counter() - started
        checkout.ended = started + checkout.wait
        if isinstance(error, sqlalchemy_errors.TimeoutError):
            checkout.outcome = "timeout"
        else:
            checkout.outcome = "cancelled" if isinstance(error, asyncio.CancelledError) else "failed"
        _deliver(checkout)
    except Exception:
        report_trouble("a failed checkout could not be recorded")


def _deliver(checkout: OpenCheckout) -> None:
    window = current.get()
    checkout.request = window.request if window is not None else 0
    for recorder in recorders(window):
        recorder.add_checkout(checkout)


def _on_checkin(_dbapi_connection: Any, record: Any) -> None:
    """End every checkout of the record: a StaticPool hands one record out twice and takes it back once."""
    try:
        for checkout in record.record_info.pop(OPEN, ()):
            checkout.ended = perf_counter()
            checkout.outcome = "returned"
            if checkout.transaction is not None:  # cut off: the server rolls back what nobody ended
                checkout.transaction.outcome = "rolled back"
                checkout.transaction.ended = checkout.ended
                checkout.transaction = None
    except Exception:
        report_trouble("a checkin could not be recorded")


def open_checkout(connection: Any) -> OpenCheckout | None:
    """Return the checkout a `PoolProxiedConnection` belongs to, if it was seen."""
    info = connection.record_info
    open_checkouts = info.get(OPEN) if info else None
    return open_checkouts[-1] if open_checkouts else None
