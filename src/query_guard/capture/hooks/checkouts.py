"""Checkouts: the time to wait for a connection, to connect, and to hold it, and who held the others meanwhile.

An open checkout is an attribute of the connection that the application got. It is also in the `record_info` of the
connection record, since a checkin only knows the record.
"""

from __future__ import annotations

import asyncio
import itertools
import weakref
from contextvars import ContextVar
from time import perf_counter
from typing import Any

from sqlalchemy import exc as sqlalchemy_errors

from query_guard.capture.live.holders import NOTICED_WAIT, holders_before, holders_of
from query_guard.capture.live.pools import number_out, watch_of
from query_guard.capture.live.threads import busy_threads
from query_guard.capture.window.open_checkout import OpenCheckout
from query_guard.capture.window.pool_watch import PoolWatch
from query_guard.capture.window.window import Window, current, loop_here, sole_recorder, watching
from query_guard.own_errors import contained
from query_guard.records import NOWHERE

CHECKOUT_KEY = "_query_guard_checkout"
"""The attribute of a checked out connection that holds its OpenCheckout."""
OPEN = "query_guard.checkouts"
CONNECT = "query_guard.connect"
"""Seconds that connecting took, and when it ended (`perf_counter`); the next checkout of the connection takes them."""
SERIAL = "query_guard.connection"
_LAST = "query_guard.last"
CHECKIN = "a checkin could not be recorded"

_connection_serials = itertools.count(1)
last_ping: ContextVar[float] = ContextVar("query_guard_ping", default=0.0)
"""Seconds that the last pre-ping took, which do not count as a wait for the pool."""


def checked_out(pool: Any, fairy: Any, started: float, window: Window | None) -> None:
    """Record a checkout that has just succeeded. The caller must be the function that SQLAlchemy calls (call site)."""
    attributes = fairy.__dict__
    if CHECKOUT_KEY in attributes:
        return  # a SingletonThreadPool gives a thread the same connection again
    watch = watch_of(pool)
    try:  # the property `fairy.record_info` does the same and costs a call
        info = fairy._connection_record.record_info
    except AttributeError:
        info = fairy.record_info
    checkout = attributes[CHECKOUT_KEY] = OpenCheckout(
        watch, started, watch.site_cache.site(2), window, loop_here(window)
    )
    if CONNECT in info:
        seconds, made_at = info.pop(CONNECT)
        watch.connected(seconds)
        checkout.created = seconds
        connect = seconds if made_at >= started else _pinged(watch)  # it may have been made before, unrecorded
        checkout.connect = connect
    else:
        connect = checkout.connect = last_ping.get() if watch.pre_ping else 0.0
    acquired = checkout.last = perf_counter()
    if window is not None:
        window.has_checkouts = True
    wait = acquired - started - connect
    if wait > 0.0:
        checkout.wait = wait
        if wait >= NOTICED_WAIT:
            watch.waited(wait)
            checkout.holders = holders_before(checkout, info.get(_LAST))
            checkout.busy_threads = busy_threads()
    checkout.connection = info.get(SERIAL) or _numbered(info)
    checkout.fairy = weakref.ref(fairy, checkout.collected)
    info[OPEN] = (*info[OPEN], checkout) if OPEN in info else (checkout,)
    holders = watch.holders
    holders[checkout.serial] = checkout
    held_count = checkout.held_in_pool = len(holders) if not watch.has_unrecorded else number_out(watch)
    if held_count > watch.peak:
        watch.peak = held_count
        watch.growth += 1
    recorder = sole_recorder(window)
    if recorder is not None:
        recorder.add_checkout(checkout)
    else:
        _deliver(checkout)


def left_unrecorded(pool: Any, fairy: Any, started: float) -> None:
    """Note what a checkout of a request that is not sampled adds to the sums of the pool: a connect, a noticed wait."""
    lasted = perf_counter() - started
    watch = watch_of(pool)
    watch.has_unrecorded = True
    info = fairy._connection_record.record_info
    if CONNECT in info:
        seconds, made = info.pop(CONNECT)
        watch.connected(seconds)
        connect = seconds if made >= started else _pinged(watch)
    elif lasted < NOTICED_WAIT:
        return
    else:
        connect = _pinged(watch)
    if lasted - connect >= NOTICED_WAIT:
        watch.waited(lasted - connect)


def _pinged(watch: PoolWatch) -> float:
    return last_ping.get() if watch.pre_ping else 0.0


def follow_from_now(fairy: Any) -> OpenCheckout:
    """Record a connection that was checked out before recording began, as in a fixture of a test."""
    info = fairy.record_info
    checkout = OpenCheckout(watch_of(fairy._pool), perf_counter(), NOWHERE, None, None)
    checkout.connection = info.get(SERIAL) or _numbered(info)
    checkout.fairy = weakref.ref(fairy, checkout.collected)
    info[OPEN] = (*info.get(OPEN, ()), checkout)
    fairy.__dict__[CHECKOUT_KEY] = checkout
    return checkout


def _numbered(info: Any) -> int:
    info[SERIAL] = serial = next(_connection_serials)
    return serial


def failed(pool: Any, started: float, error: BaseException) -> None:
    """Record a checkout that failed."""
    watch = watch_of(pool)
    window = current.get()
    checkout = OpenCheckout(watch, started, watch.site_cache.site(2), window, loop_here(window))
    checkout.ended = perf_counter()
    checkout.held_in_pool = number_out(watch)
    if isinstance(error, sqlalchemy_errors.TimeoutError):
        checkout.outcome = "timeout"
        checkout.holders = holders_of(watch)
        checkout.busy_threads = busy_threads()
    else:
        checkout.outcome = "cancelled" if isinstance(error, asyncio.CancelledError) else "failed"
    if checkout.outcome == "timeout" or (checkout.outcome == "cancelled" and watch.is_full()):
        checkout.wait = checkout.ended - started
        watch.waited(checkout.wait)
    else:
        checkout.connect = checkout.ended - started
    _deliver(checkout)


def _deliver(checkout: OpenCheckout) -> None:
    for recorder in watching(current.get(), checkout.pool.engine):
        recorder.add_checkout(checkout)


def comes_back(record: Any) -> None:
    """Record the checkin of a connection, after the last finalizer has run on it.

    Finalizers reset the options of an execution, such as its isolation level, and may send something.
    """
    try:
        finalizers = record.finalize_callback
        if finalizers and record.dbapi_connection is not None:
            finalizers.appendleft(
                contained(lambda _connection: checked_in(record), CHECKIN)
            )  # the last is called first
            return
    except AttributeError:
        pass
    checked_in(record)


def checked_in(record: Any) -> None:
    """End every checkout of the record: a StaticPool may check it out twice and check it in once."""
    info = record.record_info
    ended = info.pop(OPEN, ())
    for checkout in ended:
        checkout.end("returned", len(ended) == 1)
        info[_LAST] = (  # a `Returned`
            checkout.serial, checkout.window, checkout.site, checkout.started, checkout.wait, checkout.connect,
            checkout.last, checkout.ended,
        )  # fmt: skip


def detached(record: Any) -> None:
    """End a checkout whose connection was detached from the pool; its transaction goes on."""
    for checkout in record.record_info.pop(OPEN, ()):
        checkout.end("returned", False)


def invalidated(record: Any) -> None:
    """End a checkout whose connection is lost."""
    for checkout in record.record_info.pop(OPEN, ()):
        checkout.end("invalidated")


def open_checkout(connection: Any) -> OpenCheckout | None:
    """Return the checkout of a `PoolProxiedConnection`, if it was recorded."""
    try:
        checkout: OpenCheckout | None = connection.__dict__.get(CHECKOUT_KEY)
    except AttributeError:
        return None
    return checkout
