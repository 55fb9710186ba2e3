"""The recorder of a request that is not sampled: it counts statements, and keeps checkouts that failed."""

from __future__ import annotations

from time import perf_counter
from types import MappingProxyType
from typing import Any

from query_guard.capture.window.allowed import allowed
from query_guard.capture.window.recorder import Recorder
from query_guard.records import Allowance


class CountingRecorder(Recorder):
    """A recorder without room for details; what only these need is an attribute of the class."""

    __slots__ = ()
    room = thread = 0
    parameters = False
    reads = None
    rows: Any = ()
    failed_loads: Any = ()
    loads: Any = ()
    fetched: Any = MappingProxyType({})
    shared: Any = MappingProxyType({})

    def __init__(
        self,
        engines: frozenset[int] | None = None,
        started: float | None = None,
        allowances: tuple[Allowance, ...] | None = None,
        counted: list[float] | None = None,
        request: int = 0,
    ) -> None:
        """Begin, or go on with what a window has `counted` since it was opened: `started` is when (`perf_counter`)."""
        self._begin(
            perf_counter() if started is None else started,
            engines,
            allowed.get() if allowances is None else allowances,
        )
        if counted is not None:
            self._counted = counted
            self.request = request
