"""The rows of one window: how much of them is kept, and what is only counted."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextvars import ContextVar
from time import perf_counter
from typing import TypeAlias

from query_guard.capture.origin.statement_info import UnreadInfo
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
from query_guard.records import Allowance, CallSite, LoopBlock

WINDOW_BYTES = 500_000
"""What the details of one window may weigh; counts go on beyond it."""
CHECKOUT_BYTES = 100_000
"""The part of it that is kept for checkouts and transactions, which are recorded also where statements are not."""
ROW_BYTES = 230
"""What a row weighs with all that belongs to it alone, as `make bench` measures it, and the hash of its owner."""
SHARED_BYTES = 280
"""What the part weighs that the rows of a loop share."""
LOAD_BYTES = 80
"""What it weighs to know which objects a statement brought."""
FETCH_BYTES = 100
"""What it weighs to know how many rows it brought, where they are counted as they are fetched."""
FRAME_BYTES = 8
"""What a frame of a site weighs, which refers to one that all sites share."""
CHECKOUT_ROW_BYTES = 420
"""What a checkout or a transaction weighs."""
HOLDER_BYTES = 250
"""What each of those weighs who held the connections that a checkout waited for."""

BEFORE_RESPONSE, STREAMING, AFTER_RESPONSE = range(3)
"""Where the ASGI messages of a request stand."""

allowed: ContextVar[tuple[Allowance, ...]] = ContextVar("query_guard_allowed", default=())
"""Allowances of the blocks around, for the windows opened inside them."""

ReadKey: TypeAlias = tuple[str, bool, tuple[str, ...], CallSite]
"""A relationship, whether it was read only to be counted, and then its foreign key and where."""

allowed_in_process: list[Allowance] = []
"""Allowances for the windows of every context, as a test's marker gives them."""

_lock = threading.Lock()
_COUNTED_AT_ONCE = 1_000


class Recorder:
    """Rows of one window. `list.append` is atomic, so threads may add without a lock while there is room."""

    __slots__ = (
        "__weakref__",
        "_counted",
        "_dropped",
        "_dropped_time",
        "allowances",
        "checkouts",
        "dropped_checkouts",
        "dropped_failed_loads",
        "dropped_transactions",
        "engines",
        "failed_loads",
        "fetched",
        "further_calls",
        "loads",
        "loop_blocks",
        "parameters",
        "reads",
        "request",
        "room",
        "room_for_checkouts",
        "rows",
        "shared",
        "stage",
        "started",
        "thread",
        "transactions",
    )  # fmt: skip

    def __init__(self, details: bool = True, engines: frozenset[int] | None = None, parameters: bool = False) -> None:
        """Begin; CPython charges a request a sixth of a microsecond more where these are given by name."""
        self.started = perf_counter()
        self.loop_blocks: Sequence[LoopBlock] = ()
        """When the event loop stood still that the window was opened in, on the clock of `perf_counter`."""
        self.engines = engines
        self.parameters = parameters
        self.allowances: tuple[Allowance, ...] = allowed.get()
        if allowed_in_process:
            self.allowances += tuple(allowed_in_process)
        self.stage = BEFORE_RESPONSE
        self.rows: list[Row] = []
        self.checkouts: list[OpenCheckout] = []
        self.transactions: list[OpenTransaction] = []
        self.failed_loads: list[FailedLoadRow] = []
        self.reads: dict[ReadKey, int] | None = None
        self.loads: list[int] = []
        """Pairs: the number of a load and the place of its row, 1 for the first."""
        self.fetched: dict[int, int] = {}
        """How many rows were fetched, by the place of the row, where the driver does not say so."""
        self.thread = 0
        """The thread that appended the last row, where no other recorder wanted it too; else 0."""
        self._counted: list[float] = []
        """Durations of statements that were only counted; `list.append` is atomic, a sum is not."""
        self.request = self._dropped = self.further_calls = 0
        self.dropped_checkouts = self.dropped_transactions = self.dropped_failed_loads = 0
        self._dropped_time = 0.0
        self.room = WINDOW_BYTES - CHECKOUT_BYTES if details else 0
        self.room_for_checkouts = CHECKOUT_BYTES
        self.shared: dict[UnreadInfo, Shared] = {}
        """What the last row of each text shares with others."""

    def add(self, row: Row) -> None:
        """Keep a row where there is room, and else count it."""
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
        """Keep what the next rows of a text may have in common with this one."""
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
        """Count a further driver call of an execution; where that was kept, its row knows how long it took."""
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
        """Return how many statements were only counted, and how many seconds those took."""
        if self._counted:
            self._sum_up()
        return self._dropped, self._dropped_time

    @property
    def query_count(self) -> int:
        return len(self.rows) + self._dropped + len(self._counted)

    @property
    def driver_calls(self) -> int:
        """What was sent, where some executions took several driver calls."""
        return self.query_count + self.further_calls

    @property
    def saw_nothing(self) -> bool:
        """Whether no statement was seen, and no connection taken or tried to be: nothing tells that anyone looked."""
        return not (self.query_count or self.checkouts or self.dropped_checkouts or self.failed_loads)

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been seen that a report could speak of: most requests of most applications."""
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
