"""Checkouts: how long a connection was waited for, made, held and used, and by whom.

SQLAlchemy has no event for the start of a wait, and a pool timeout fires none, so `Pool.connect` is wrapped on the
class: that holds for threads and asyncio and survives `dispose()`. An open checkout hangs on the connection that the
application got, and stands in the connection record's `record_info`, since a check-in only knows the record.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from time import perf_counter
from typing import Any

from sqlalchemy import event
from sqlalchemy import exc as sqlalchemy_errors
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.pool import Pool, SingletonThreadPool

from query_guard.capture.holders import NOTICED_WAIT, holders_of, those_before
from query_guard.capture.pools import is_watched, watch_of
from query_guard.capture.stays import OpenCheckout
from query_guard.capture.trouble import report_trouble
from query_guard.capture.window import Window, current, loop_here, sole_recorder, watchers, watching

STAY = "_query_guard_stay"
"""Where a checked out connection carries its OpenCheckout."""
_OPEN = "query_guard.checkouts"
_LAST = "query_guard.last"
_CONNECT = "query_guard.connect"
_SERIAL = "query_guard.connection"

_connection_serials = itertools.count(1)
_ping: ContextVar[float] = ContextVar("query_guard_ping", default=0.0)
"""How long the last pre-ping took, which is no wait for the pool."""


def install(watch_dialect: Callable[[Any], None]) -> None:
    """Wrap the pools of the process; called once. `watch_dialect` is shown the dialect of each checkout."""
    pool_classes: tuple[Any, ...] = (Pool, SingletonThreadPool)
    for pool_class in pool_classes:
        pool_class.connect = _timed(pool_class.connect, watch_dialect)
    record_class: Any = sys.modules["sqlalchemy.pool.base"]._ConnectionRecord
    name = "_ConnectionRecord__connect"
    if hasattr(record_class, name):
        setattr(record_class, name, _timed_connect(getattr(record_class, name)))
    if hasattr(record_class, "checkin"):  # costs each checkout of the process a quarter of what a listener would
        record_class.checkin = _noted_checkin(record_class.checkin)
    else:
        event.listen(Pool, "checkin", lambda _connection, record: _checked_in(record))
    dialect: Any = DefaultDialect
    if hasattr(dialect, "_do_ping_w_event"):
        dialect._do_ping_w_event = _timed_ping(dialect._do_ping_w_event)
    event.listen(Pool, "invalidate", _on_invalidate)
    event.listen(Pool, "detach", _on_detach)


def _timed(connect: Callable[[Any], Any], watch_dialect: Callable[[Any], None]) -> Callable[[Any], Any]:
    @wraps(connect)
    def timed_connect(pool: Any) -> Any:
        window = current.get()
        if window is None and not watchers:
            return connect(pool)
        dialect = pool._dialect
        if not is_watched(pool) or getattr(dialect, "_has_events", False):
            watch_dialect(dialect)
        started = perf_counter()
        try:
            fairy = connect(pool)
        except BaseException as error:
            _failed(pool, started, error)
            raise
        _checked_out(pool, fairy, started, window)
        return fairy

    return timed_connect


def _timed_connect(connect: Callable[[Any], None]) -> Callable[[Any], None]:
    @wraps(connect)
    def timed(record: Any) -> None:
        started = perf_counter()
        connect(record)
        info = record.record_info
        info[_CONNECT] = perf_counter() - started
        info.pop(_SERIAL, None)  # another connection, in the place of a lost one

    return timed


def _noted_checkin(checkin: Callable[..., None]) -> Callable[..., None]:
    @wraps(checkin)
    def noted_checkin(record: Any, _fairy_was_created: bool = True) -> None:
        if _OPEN in record.record_info:
            _checked_in(record)
        checkin(record, _fairy_was_created)

    return noted_checkin


def _timed_ping(ping: Callable[..., bool]) -> Callable[..., bool]:
    @wraps(ping)
    def timed(dialect: Any, connection: Any) -> bool:
        started = perf_counter()
        try:
            return ping(dialect, connection)
        finally:
            _ping.set(perf_counter() - started)

    return timed


def _checked_out(pool: Any, fairy: Any, started: float, window: Window | None) -> None:
    try:
        attributes = fairy.__dict__
        if STAY in attributes:
            return  # a SingletonThreadPool hands out the connection of its thread again
        watch = watch_of(pool)
        info = attributes.get("_connection_record", fairy).record_info
        checkout = attributes[STAY] = OpenCheckout(watch, started, watch.way_out.site(2), window, loop_here(window))
        if _CONNECT in info:
            connect = checkout.connect = info.pop(_CONNECT)
            watch.connected(connect)
        else:
            connect = checkout.connect = _ping.get() if watch.pre_ping else 0.0
        had = checkout.last = perf_counter()
        if window is not None:
            window.has_checkouts = True
        wait = had - started - connect
        if wait > 0.0:
            checkout.wait = wait
            if wait >= NOTICED_WAIT:
                watch.waited(wait)
                checkout.holders = those_before(checkout, info.get(_LAST))
        checkout.connection = info.get(_SERIAL) or _numbered(info)
        checkout.fairy = weakref.ref(fairy, checkout.collected)
        info[_OPEN] = (*info[_OPEN], checkout) if _OPEN in info else (checkout,)
        holders = watch.holders
        holders[checkout.serial] = checkout
        out = checkout.held_in_pool = len(holders)
        if out > watch.peak:
            watch.peak = out
            watch.growth += 1
        recorder = sole_recorder(window)
        if recorder is not None:
            recorder.add_checkout(checkout)
        else:
            _deliver(checkout)
    except Exception:
        report_trouble("a checkout could not be recorded")


def _numbered(info: Any) -> int:
    info[_SERIAL] = serial = next(_connection_serials)
    return serial


def _failed(pool: Any, started: float, error: BaseException) -> None:
    """Record a checkout that was never had."""
    try:
        watch = watch_of(pool)
        window = current.get()
        checkout = OpenCheckout(watch, started, watch.way_out.site(2), window, loop_here(window))
        checkout.ended = perf_counter()
        checkout.held_in_pool = len(watch.holders)
        if isinstance(error, sqlalchemy_errors.TimeoutError):
            checkout.outcome = "timeout"
            checkout.holders = holders_of(watch)
        else:
            checkout.outcome = "cancelled" if isinstance(error, asyncio.CancelledError) else "failed"
        if checkout.outcome == "timeout" or (checkout.outcome == "cancelled" and watch.is_full()):
            checkout.wait = checkout.ended - started
            watch.waited(checkout.wait)
        else:
            checkout.connect = checkout.ended - started
        _deliver(checkout)
    except Exception:
        report_trouble("a failed checkout could not be recorded")


def _deliver(checkout: OpenCheckout) -> None:
    for recorder in watching(current.get(), checkout.pool.engine):
        recorder.add_checkout(checkout)


def _checked_in(record: Any) -> None:
    """End every checkout of the record: a StaticPool hands one record out twice and takes it back once."""
    try:
        info = record.record_info
        ended = info.pop(_OPEN, ())
        for checkout in ended:
            checkout.end("returned", len(ended) == 1)
            info[_LAST] = checkout
    except Exception:
        report_trouble("a checkin could not be recorded")


def _on_detach(_dbapi_connection: Any, record: Any) -> None:
    """End a checkout whose connection lives on by itself, and its transaction with it."""
    try:
        for checkout in record.record_info.pop(_OPEN, ()):
            checkout.end("returned", False)
    except Exception:
        report_trouble("a detached connection could not be recorded")


def _on_invalidate(_dbapi_connection: Any, record: Any, _error: object) -> None:
    try:
        for checkout in record.record_info.pop(_OPEN, ()):
            checkout.end("invalidated")
    except Exception:
        report_trouble("an invalidated connection could not be recorded")


def open_checkout(connection: Any) -> OpenCheckout | None:
    """Return the checkout a `PoolProxiedConnection` belongs to, if it was seen."""
    try:
        stay: OpenCheckout | None = connection.__dict__.get(STAY)
    except AttributeError:
        return None
    return stay
