"""The figures of a window, computed from its raw rows. For most requests no facts are made after that."""

from __future__ import annotations

from collections import Counter
from math import inf
from time import perf_counter
from typing import Any, TypeAlias

from query_guard.capture.freeze.statement_facts import shape_of
from query_guard.capture.live.pools import checked_out
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.rows import BATCHES, BLOCKING, DURATION, ENGINE, ERROR, INFO, SHARED, Row
from query_guard.records import Figures, Numbers, Request, StatementInfo

_MANY = 50
"""With more statements, figures take as long as facts."""
_MANY_POOLS = 1_000
_USUAL = frozenset(("open", "returned"))


class WindowFigures:
    """Computes the figures of a window, before the response and at its end. Sums are kept until there is a new row."""

    __slots__ = ("_pools", "_query_time", "_recorder", "_row_figures", "_rows_read")

    def __init__(self, recorder: Recorder, pools: dict[int, int] | None = None) -> None:
        """Begin. `pools` maps the serial of a pool to its `growth` when it was last judged."""
        self._recorder = recorder
        self._pools = {} if pools is None else pools
        self._rows_read = 0
        self._query_time = 0.0
        self._row_figures: _RowFigures = _NO_ROWS

    def numbers(self) -> Numbers:
        """Return the numbers for headers."""
        recorder = self._recorder
        count, query_time = self._summed()
        if recorder.query_count > count:
            dropped, dropped_time = recorder.dropped()
            count, query_time = count + dropped, query_time + dropped_time
        checkouts = tuple(recorder.checkouts)
        if not checkouts:
            return Numbers(count, query_time)
        watch = checkouts[0].pool
        if len(checkouts) > 1 and any(checkout.pool is not watch for checkout in checkouts):
            watch = Counter(checkout.pool for checkout in checkouts).most_common(1)[0][0]
            checkouts = tuple(checkout for checkout in checkouts if checkout.pool is watch)
        now = perf_counter()
        waited = held = 0.0
        for checkout in checkouts:
            waited += checkout.wait
            held += (checkout.ended or now) - checkout.started - checkout.wait - checkout.connect
        number = len(checkouts) + recorder.dropped_checkouts
        numbers: Numbers = _make(Numbers, (count, query_time, number, waited, max(0.0, held), *checked_out(watch)))
        return numbers

    def _summed(self) -> tuple[int, float]:
        """Return how many rows there are, and their seconds; if there are many, without reading their texts."""
        rows = self._recorder.rows
        if len(rows) <= _MANY:
            if len(rows) != self._rows_read:
                self._read()
            return self._rows_read, self._query_time
        rows = rows.copy()
        further = [row[SHARED][BATCHES].time for row in rows if row[SHARED][BATCHES] is not None]
        return len(rows), sum([row[DURATION] for row in rows]) + sum(further)

    def read(self, request: Request) -> Figures | None:
        """Return the figures, or None if there are too many rows."""
        recorder = self._recorder
        number = len(recorder.rows)
        if number > _MANY:
            return None
        if number != self._rows_read:
            self._read()
        row_figures = self._row_figures
        if recorder.fetched:
            most = max(row_figures[2], *tuple(recorder.fetched.values()))
            row_figures = (*row_figures[:2], most, *row_figures[3:])
        statements, writes, blocks = recorder.query_count, row_figures[4], recorder.loop_blocks
        figures: Figures = _make(
            Figures,
            (
                *row_figures,
                statements,
                statements - request.budget if request.budget is not None else 0,
                writes if writes and request.only_reads else 0,
                len(recorder.failed_loads),
                _longest_block(recorder) if blocks and blocks[-1].end > recorder.started else 0.0,
                *_connection_figures(recorder, self._pools),
            ),
        )
        return figures

    def note_pools(self) -> None:
        """Remember the growth of the pools, as they have been judged."""
        if len(self._pools) >= _MANY_POOLS:  # an application may make an engine for each request
            self._pools.clear()
        for checkout in tuple(self._recorder.checkouts):
            self._pools[checkout.pool.serial] = checkout.pool.growth

    def _read(self) -> None:
        rows = tuple(self._recorder.rows)
        self._row_figures, self._query_time = _row_figures(rows)
        self._rows_read = len(rows)


_make: Any = tuple.__new__
"""Makes a named tuple without calling its `__new__`, which is slow for each request."""
_RowFigures: TypeAlias = tuple[int, float, int, int, int, int, int, int]
"""The first fields of `Figures`."""
_NO_ROWS: _RowFigures = (0, 0.0, 0, 0, 0, 0, 0, 0)


def _row_figures(rows: tuple[Row, ...]) -> tuple[_RowFigures, float]:
    """Return the fields of `Figures` that come from rows, and the sum of their seconds."""
    longest = total = 0.0
    most_rows = failed = writes = blocking = joins = most_batches = 0
    shapes: set[str] = set()
    has_failed = does_write = blocks = does_join = False
    last = None
    for shared, _, duration, _, _, count, _ in rows:
        if shared is not last:
            last = shared
            info = shared[INFO]
            fingerprint, _, _, _, writing, described = info.shape or shape_of(info)
            shapes.add(fingerprint)
            batches = shared[BATCHES]
            has_failed = shared[ERROR] is not None
            if batches is not None:  # then no other row shares it
                duration += batches.time  # noqa: PLW2901
                has_failed = has_failed or batches.error is not None
                if batches.calls >= most_batches and shared[ENGINE].is_server:
                    most_batches = batches.calls + 1
            does_write, blocks, does_join = bool(writing), shared[BLOCKING], _may_multiply(described)
        failed += has_failed
        writes += does_write
        blocking += blocks
        joins += does_join
        total += duration
        if duration > longest:
            longest = duration
        if count is not None and count > most_rows:
            most_rows = count
    return (len(rows) - len(shapes), longest, most_rows, failed, writes, blocking, joins, most_batches), total


def _may_multiply(info: StatementInfo) -> bool:
    return bool(info.joined or info.contained or info.unjoined)


def _connection_figures(recorder: Recorder, pools: dict[int, int]) -> tuple[int, float, int, int, int, float]:
    """Return the last fields of `Figures`, which come from checkouts and transactions."""
    waited = lasted = free = 0.0
    nested = lost_checkouts = changed = writing = 0
    for checkout in tuple(recorder.checkouts):
        if checkout.started < free:
            nested += 1
        ended = checkout.ended if checkout.ended is not None else inf
        if ended > free:
            free = ended
        if checkout.wait > waited:
            waited = checkout.wait
        if checkout.outcome not in _USUAL:
            lost_checkouts += 1
        watch = checkout.pool
        if watch.engine.is_server and pools.get(watch.serial) != watch.growth:
            changed += 1
    for transaction in tuple(recorder.transactions):
        if transaction.wrote:
            writing += 1
        if transaction.ended is not None and transaction.ended - transaction.started > lasted:
            lasted = transaction.ended - transaction.started
    return nested, waited, lost_checkouts, changed, writing, lasted


def _longest_block(recorder: Recorder) -> float:
    longest = 0.0
    for block in reversed(tuple(recorder.loop_blocks)):
        if block.end <= recorder.started:
            break
        longest = max(longest, block.duration)
    return longest
