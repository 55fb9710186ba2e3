"""Checkouts: how long a connection was waited for, made, held and used, and by whom.

An open checkout hangs on the connection that the application got, and stands in the connection record's `record_info`,
since a check-in only knows the record.
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
from query_guard.capture.live.pools import watch_of
from query_guard.capture.live.threads import busy_threads
from query_guard.capture.window.open_checkout import OpenCheckout
from query_guard.capture.window.window import Window, current, loop_here, sole_recorder, watching
from query_guard.own_errors import contained
from query_guard.records import NOWHERE

CHECKOUT_KEY = "_query_guard_checkout"
"""Where a checked out connection carries its OpenCheckout."""
OPEN = "query_guard.checkouts"
CONNECT = "query_guard.connect"
"""Seconds that making a connection took, and when it was made (`perf_counter`), until a checkout has taken note."""
SERIAL = "query_guard.connection"
_LAST = "query_guard.last"
CHECKIN = "a checkin could not be recorded"

_connection_serials = itertools.count(1)
last_ping: ContextVar[float] = ContextVar("query_guard_ping", default=0.0)
"""How long the last pre-ping took, which is no wait for the pool."""


def checked_out(pool: Any, fairy: Any, started: float, window: Window | None) -> None:
    """Record a checkout that has just been had; to be called by what SQLAlchemy calls."""
    attributes = fairy.__dict__
    if CHECKOUT_KEY in attributes:
        return  # a SingletonThreadPool hands out the connection of its thread again
    watch = watch_of(pool)
    try:  # the connection itself asks its record, by a property that costs a call
        info = fairy._connection_record.record_info
    except AttributeError:
        info = fairy.record_info
    checkout = attributes[CHECKOUT_KEY] = OpenCheckout(
        watch, started, watch.site_cache.site(2), window, loop_here(window)
    )
    if CONNECT in info:
        seconds, made = info.pop(CONNECT)
        watch.connected(seconds)
        checkout.created = seconds
        connect = checkout.connect = seconds if made >= started else 0.0  # it may have been made before, for others
    else:
        connect = checkout.connect = last_ping.get() if watch.pre_ping else 0.0
    had = checkout.last = perf_counter()
    if window is not None:
        window.has_checkouts = True
    wait = had - started - connect
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
    out = checkout.held_in_pool = len(holders)
    if out > watch.peak:
        watch.peak = out
        watch.growth += 1
    recorder = sole_recorder(window)
    if recorder is not None:
        recorder.add_checkout(checkout)
    else:
        _deliver(checkout)


def taken_before(fairy: Any) -> OpenCheckout:
    """Begin to follow a connection that was taken before anybody looked, as a test's fixture takes it."""
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
    """Record a checkout that was never had."""
    watch = watch_of(pool)
    window = current.get()
    checkout = OpenCheckout(watch, started, watch.site_cache.site(2), window, loop_here(window))
    checkout.ended = perf_counter()
    checkout.held_in_pool = len(watch.holders)
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
    """Record a connection that is about to be checked in, once what is left to be done on it is done.

    That is what resets the options of one execution, such as its isolation level, and may ask the server.
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
    """End every checkout of the record: a StaticPool hands one record out twice and takes it back once."""
    info = record.record_info
    ended = info.pop(OPEN, ())
    for checkout in ended:
        checkout.end("returned", len(ended) == 1)
        info[_LAST] = (  # a `Returned`
            checkout.serial, checkout.window, checkout.site, checkout.started, checkout.wait, checkout.connect,
            checkout.last, checkout.ended,
        )  # fmt: skip


def detached(record: Any) -> None:
    """End a checkout whose connection lives on by itself, and its transaction with it."""
    for checkout in record.record_info.pop(OPEN, ()):
        checkout.end("returned", False)


def invalidated(record: Any) -> None:
    """End a checkout whose connection is lost."""
    for checkout in record.record_info.pop(OPEN, ()):
        checkout.end("invalidated")


def open_checkout(connection: Any) -> OpenCheckout | None:
    """Return the checkout a `PoolProxiedConnection` belongs to, if it was seen."""
    try:
        checkout: OpenCheckout | None = connection.__dict__.get(CHECKOUT_KEY)
    except AttributeError:
        return None
    return checkout
