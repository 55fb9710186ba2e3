"""Which call of a test into the application sent something outside requests, and what test code sent itself.

A call begins at the outermost frame of the application inside the test's own frames. While that frame runs, it has a
mark: a local trace function that does nothing. The mark ends with the frame. So a loop in a test makes many calls, and
a loop in the application is within one; nothing is kept alive for it.

What a task or thread sends that somebody has started belongs to the call that the test waits for meanwhile, if there is
exactly one. Otherwise the task or thread is a call by itself.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable
from threading import get_ident
from types import FrameType
from typing import Any

from query_guard.capture.live.entries import entry_of, entry_of_test
from query_guard.capture.origin.frames import frames_from
from query_guard.capture.window.open_checkout import OpenCheckout
from query_guard.capture.window.open_transaction import OpenTransaction
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.rows import REQUEST, SHARED, FailedLoadRow, Row
from query_guard.own_errors import report_own_error

BY_TEST = 0
"""The number of the call for what test code did itself."""


class _Mark:
    """The local trace function of a frame. It calls the one that was there before, of a debugger or of coverage."""

    __slots__ = ("_traced", "serial")

    def __init__(self, serial: int, traced: Any) -> None:
        self.serial = serial
        self._traced = traced

    def __call__(self, *event: Any) -> _Mark:
        if self._traced is not None:
            self._traced = self._traced(*event) or self._traced
        return self


class CallRecorder(Recorder):
    """A recorder that notes for each record outside requests which call from test code into the application made it."""

    __slots__ = ("_calls", "_is_test_code", "_serials", "_test_thread")

    def __init__(self, is_test_code: Callable[[str], bool]) -> None:
        super().__init__()
        self._is_test_code = is_test_code
        self._test_thread = get_ident()
        self._calls: dict[int, int] = {}
        """The number of the call by the `id()` of the record, which the recorder keeps alive."""
        self._serials = itertools.count(1)

    def add(self, row: Row) -> None:
        if not row[SHARED][REQUEST]:
            self._calls[id(row)] = self._call()
        super().add(row)

    def add_checkout(self, checkout: OpenCheckout) -> None:
        if not checkout.request:
            self._calls[id(checkout)] = self._call()
        super().add_checkout(checkout)

    def add_transaction(self, transaction: OpenTransaction) -> None:
        if not transaction.request:
            self._calls[id(transaction)] = self._call()
        super().add_transaction(transaction)

    def add_failed_load(self, load: FailedLoadRow) -> None:
        if not load.request:
            self._calls[id(load)] = self._call()
        super().add_failed_load(load)

    def call_of(self, recorded: object) -> int:
        """Return the serial of the call that a row, checkout, transaction or failed load belongs to, or `BY_TEST`."""
        return self._calls.get(id(recorded), BY_TEST)

    def is_ended_by_application(self, transaction: OpenTransaction) -> bool:
        """Whether a line of the application ended the transaction, and not the test itself."""
        return any(not self._is_test_code(os.path.abspath(frame.file)) for frame in transaction.site.frames)

    def _call(self) -> int:
        entry, _, is_started = entry_of(frames_from(sys._getframe(2)), self._is_test_code)
        if entry is not None and type(entry.f_trace) is _Mark:
            return entry.f_trace.serial
        caller = self._caller() if is_started else None
        serial = self._marked(caller) if caller is not None else BY_TEST
        return self._marked(entry, serial) if entry is not None else serial

    def _caller(self) -> FrameType | None:
        try:
            return entry_of_test(self._test_thread, self._is_test_code)
        except Exception:
            report_own_error("the call that a test waits for could not be told")
            return None

    def _marked(self, frame: FrameType, serial: int = BY_TEST) -> int:
        """Return the number in the mark of a frame. If it has none, it gets this one, or the next."""
        mark: Any = frame.f_trace
        if type(mark) is not _Mark:
            mark = frame.f_trace = _Mark(serial or next(self._serials), mark)
        number: int = mark.serial
        return number
