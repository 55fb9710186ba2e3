"""The rows of one window: how much of them is kept, and what is only counted."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING, TypeAlias

from query_guard.capture.origin.statement_info import UnreadInfo
from query_guard.capture.window.allowed import allowed, allowed_in_process
from query_guard.capture.window.open_checkout import OpenCheckout
from query_guard.capture.window.open_transaction import OpenTransaction
from query_guard.capture.window.rows import (
    BATCHES,
    DURATION,
    INFO,
    PARAMETERS,
    SHARED,
    SITE,
    Batches,
    FailedLoadRow,
    Row,
    Shared,
)
from query_guard.capture.window.sizes import (
    CHECKOUT_BYTES,
    CHECKOUT_ROW_BYTES,
    FRAME_BYTES,
    HOLDER_BYTES,
    ROW_BYTES,
    SHARED_BYTES,
    WINDOW_BYTES,
)
from query_guard.capture.window.stages import BEFORE_RESPONSE
from query_guard.records import Allowance, CallSite, LoopBlock

if TYPE_CHECKING:
    from query_guard.capture.window.allowed_block import AllowedBlock

ReadKey: TypeAlias = tuple[str, bool, tuple[str, ...], CallSite]
"""A relationship; whether only its `len()` was taken, and if so its foreign key and the call site."""

_lock = threading.Lock()
_COUNTED_AT_ONCE = 1_000


class Recorder:
    """The rows of one window. `list.append` is atomic, so threads add rows without a lock while there is room."""

    __slots__ = (
        "__weakref__", "_counted", "_dropped", "_dropped_time", "allowances", "allowed_blocks", "checkouts",
        "dropped_checkouts", "dropped_failed_loads", "dropped_transactions", "engines", "failed_loads", "fetched",
        "further_calls", "loads", "loop_blocks", "parameters", "reads", "request", "room", "room_for_checkouts",
        "rows", "shared", "stage", "started", "thread", "transactions",
    )  # fmt: skip

    def __init__(self, engines: frozenset[int] | None = None, parameters: bool = False) -> None:
        """Begin. Pass the arguments by position: by name, each request would take 0.17 us longer."""
        self._begin(perf_counter(), engines, allowed.get())
        self.parameters = parameters
        self.rows: list[Row] = []
        self.failed_loads: list[FailedLoadRow] = []
        self.reads: dict[ReadKey, int] | None = None
        self.loads: list[int] = []
        """Pairs of numbers: a load and the serial of its statement."""
        self.fetched: dict[int, int] = {}
        """How many rows were fetched, by the serial of the statement, where the driver gives no number."""
        self.thread = 0
        """The thread that appended the last row, if no other recorder wanted that row; else 0."""
        self.room = WINDOW_BYTES - CHECKOUT_BYTES
        self.shared: dict[UnreadInfo, Shared] = {}
        """The shared part of the last row of each text."""

    def _begin(self, started: float, engines: frozenset[int] | None, allowances: tuple[Allowance, ...]) -> None:
        self.started = started
        self.loop_blocks: Sequence[LoopBlock] = ()
        """When the event loop of the window was blocked, on the clock of `perf_counter`."""
        self.engines = engines
        self.allowances = allowances
        if allowed_in_process:
            self.allowances += tuple(allowed_in_process)
        self.allowed_blocks: tuple[AllowedBlock, ...] = ()
        """Blocks within the window that allow findings of their own."""
        self.stage = BEFORE_RESPONSE
        self.checkouts: list[OpenCheckout] = []
        self.transactions: list[OpenTransaction] = []
        self._counted: list[float] = []
        """Durations of statements that were only counted: `list.append` is atomic, and a sum is not."""
        self.request = self._dropped = self.further_calls = 0
        self.dropped_checkouts = self.dropped_transactions = self.dropped_failed_loads = 0
        self._dropped_time = 0.0
        self.room_for_checkouts = CHECKOUT_BYTES

    def add(self, row: Row) -> None:
        """Keep a row if there is room, or else count it."""
        if self.room > 0:
            self.keep(row)
        else:
            self.count(row[DURATION], row[SHARED][BATCHES])

    def keep(self, row: Row) -> None:
        if self.shared.get(row[SHARED][INFO]) is not row[SHARED]:
            self.share(row[SHARED])
        self.room -= ROW_BYTES
        self.rows.append(row)
        self.thread = 0

    def share(self, shared: Shared) -> None:
        """Keep the shared part of a row, for the next rows of its text."""
        info = shared[INFO]
        self.room -= SHARED_BYTES + FRAME_BYTES * len(shared[SITE].frames)
        if info not in self.shared:
            self.room -= len(info.sql)
        if self.parameters:
            self.room -= sum(map(len, shared[PARAMETERS]))
        self.shared[info] = shared

    def add_checkout(self, checkout: OpenCheckout) -> None:
        if self.room_for_checkouts > 0:
            self.room_for_checkouts -= CHECKOUT_ROW_BYTES
            if checkout.holders:
                self.room_for_checkouts -= HOLDER_BYTES * len(checkout.holders)
            self.checkouts.append(checkout)
        else:
            with _lock:
                self.dropped_checkouts += 1

    def add_transaction(self, transaction: OpenTransaction) -> None:
        if self.room_for_checkouts > 0:
            self.room_for_checkouts -= CHECKOUT_ROW_BYTES
            self.transactions.append(transaction)
        else:
            with _lock:
                self.dropped_transactions += 1

    def add_failed_load(self, load: FailedLoadRow) -> None:
        if self.room > 0:
            self.room -= ROW_BYTES
            self.failed_loads.append(load)
        else:
            with _lock:
                self.dropped_failed_loads += 1

    def count(self, duration: float, batches: Batches | None = None) -> None:
        """Count a statement whose details do not fit."""
        if batches is not None:
            batches.counted_by += (id(self),)
        counted = self._counted
        counted.append(duration)
        if len(counted) >= _COUNTED_AT_ONCE:
            self._sum_up()

    def count_further(self, duration: float, batches: Batches) -> None:
        """Count a further driver call of an execution. If the execution has a row, its `Batches` hold the duration."""
        with _lock:
            self.further_calls += 1
            if id(self) in batches.counted_by:
                self._dropped_time += duration

    def _sum_up(self) -> None:
        with _lock:
            number = len(self._counted)
            self._dropped += number
            self._dropped_time += sum(self._counted[:number])
            del self._counted[:number]  # another thread may have appended since

    def dropped(self) -> tuple[int, float]:
        """Return how many statements were only counted, and their seconds."""
        counted, seconds = self._counted.copy(), self._dropped_time
        if not self._dropped:  # then none had been summed up when the list was copied
            return len(counted), seconds + sum(counted)
        self._sum_up()
        return self._dropped, self._dropped_time

    @property
    def query_count(self) -> int:
        return len(self.rows) + self._dropped + len(self._counted)

    @property
    def driver_calls(self) -> int:
        """Driver calls: more than `query_count` where one execution took several."""
        return self.query_count + self.further_calls

    @property
    def saw_nothing(self) -> bool:
        """Whether no statement and no attempt at a checkout was seen: perhaps nothing was watched at all."""
        return not (self.query_count or self.checkouts or self.dropped_checkouts or self.failed_loads)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to report, as in requests that use no database."""
        blocks = self.loop_blocks
        return not (
            self.rows
            or self.checkouts
            or self._counted
            or self._dropped
            or self.failed_loads
            or self.transactions
            or self.reads
            or (blocks and blocks[-1].end > self.started)
        )
