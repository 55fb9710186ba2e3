"""All that is known of one window, with the groupings that several detectors need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate

from query_guard.records.connections import Checkout, LoopBlock, Pool, Transaction, Writer
from query_guard.records.figures import Numbers
from query_guard.records.groups import different_sets, grouped
from query_guard.records.jobs import jobs_of
from query_guard.records.late_counter import LateCounter
from query_guard.records.load_paths import LoadPaths
from query_guard.records.once import computed_once
from query_guard.records.recursion import joined_recursions
from query_guard.records.request import Request
from query_guard.records.sources import Sources
from query_guard.records.statements import FailedLoad, Read, Statement


@dataclass(eq=False)
class Facts:
    """All that is known of one window, and the groupings that several detectors need, each computed once.

    Do not change it. It is not frozen, since making a frozen dataclass of twenty fields would slow each request.
    """

    request: Request
    duration: float
    statements: tuple[Statement, ...]
    checkouts: tuple[Checkout, ...] = ()
    transactions: tuple[Transaction, ...] = ()
    pools: tuple[Pool, ...] = ()
    loop_blocks: tuple[LoopBlock, ...] = ()
    failed_loads: tuple[FailedLoad, ...] = ()
    reads: tuple[Read, ...] = ()
    notes_reads: bool = False
    """Whether reads were noted; if not, `reads` is empty and says nothing."""
    eager_mappings: frozenset[tuple[str, str]] = frozenset()
    """Relationships with an eager loader in their mapping, each with the loader; known where reads are noted."""
    query_count: int = 0
    """Executions, failed ones included."""
    driver_calls: int = 0
    """Driver calls: more than `query_count` where one execution took several (insertmanyvalues)."""
    query_time: float = 0.0
    dropped: int = 0
    """Executions that were counted without details. The next three are the same for other rows."""
    dropped_checkouts: int = 0
    dropped_transactions: int = 0
    dropped_failed_loads: int = 0
    late: LateCounter = field(default_factory=LateCounter)
    serial: int = 0
    """Serial of the request, equal to `request` of its statements, checkouts and transactions; 0 outside requests."""

    writers: tuple[Writer, ...] = ()
    """Transactions of any window that had written, at the time of a slow statement of this one."""
    thread_limit: int | None = None
    """The most threads for sync endpoints; known where one of them waited for a connection."""

    @computed_once
    def by_shape_and_site(self) -> dict[tuple[str, int, int, str | None, int], list[Statement]]:
        """Statements of one shape from one site on one engine, for one relationship, in one WebSocket segment."""
        groups: dict[tuple[str, int, int, str | None, int], list[Statement]] = {}
        last: tuple[object, ...] = ()
        for row in self.statements:
            parts = (row.fingerprint, row.site, row.engine, row.loader, row.segment)
            if parts != last:  # the rows of a loop share these objects, so that comparing them is fast
                last, loader = parts, row.loader
                name = loader.relationship if loader is not None else None
                group = groups.setdefault((row.fingerprint, row.site.key, row.engine.serial, name, row.segment), [])
            group.append(row)
        return groups

    @computed_once
    def repetitions(self) -> list[list[Statement]]:
        """These groups, where all levels of a recursion are one, without single statements."""
        return [rows for rows in joined_recursions(self.by_shape_and_site.values(), self.load_paths) if len(rows) > 1]

    @computed_once
    def different_values(self) -> dict[tuple[str, int, int, str | None, int], int]:
        """How many different sets of values each of these groups was sent with."""
        return {key: different_sets(rows) for key, rows in self.by_shape_and_site.items()}

    @computed_once
    def by_transaction(self) -> dict[int, list[Statement]]:
        return grouped(self.statements, lambda row: row.transaction)

    @computed_once
    def transaction_by_serial(self) -> dict[int, Transaction]:
        return {transaction.serial: transaction for transaction in self.transactions}

    @computed_once
    def jobs(self) -> dict[int, int]:
        """The jobs of queues: by the serial of each statement of a job, that of the statement that took it."""
        return jobs_of(self.statements)

    def writes_of(self, transactions: Iterable[Transaction]) -> tuple[int, ...]:
        """Return the serials of the statements that wrote in some transactions."""
        rows = self.by_transaction
        return tuple(
            [row.serial for transaction in transactions for row in rows.get(transaction.serial, ()) if row.writes]
        )

    @computed_once
    def committed_writes(self) -> tuple[Transaction, ...]:
        """The transactions that wrote and committed; AUTOCOMMIT has none that could be split or lost."""
        return tuple(
            transaction
            for transaction in self.transactions
            if transaction.outcome == "committed" and transaction.writes and not transaction.autocommit
        )

    @computed_once
    def failed_transactions(self) -> set[int]:
        """Serials of the transactions that could not commit, in which a statement failed, or that were rolled back
        after an UPDATE had found no row, as one does whose version is stale.
        """
        failed = [transaction.serial for transaction in self.transactions if transaction.outcome == "failed"]
        stale = [row.transaction for row in self.statements if row.operation == "UPDATE" and row.rows == 0]
        return {
            *failed,
            *[row.transaction for row in self.statements if row.error is not None],
            *[serial for serial in stale if self._was_rolled_back(serial)],
        }

    def _was_rolled_back(self, serial: int) -> bool:
        transaction = self.transaction_by_serial.get(serial)
        return transaction is not None and transaction.outcome == "rolled back"

    @computed_once
    def failed_requests(self) -> set[int]:
        """Serials of the requests in which a statement failed; 0 for statements outside requests."""
        return {row.request for row in self.statements if row.error is not None}

    @computed_once
    def reads_by_relationship(self) -> dict[str, list[Read]]:
        return grouped(self.reads, lambda read: read.relationship)

    @computed_once
    def load_paths(self) -> LoadPaths:
        """How the objects were loaded that statements loaded for."""
        return LoadPaths(self.statements)

    @computed_once
    def sources(self) -> Sources:
        """Which statements loaded objects of a class."""
        return Sources(self.statements)

    @computed_once
    def peak_connections(self) -> int:
        """How many connections were held at once, at most."""
        return self.held_at_once(self.checkouts)

    def held_at_once(self, checkouts: Iterable[Checkout]) -> int:
        """Return how many connections these checkouts held at once, at most."""
        connected = [checkout for checkout in checkouts if checkout.has_connection]
        if len(connected) <= 1:
            return len(connected)
        starts = [(checkout.acquired, 1) for checkout in connected]
        ends = [(checkout.acquired + self.held(checkout), -1) for checkout in connected]
        return max(accumulate(step for _, step in sorted([*starts, *ends])), default=0)

    def held(self, checkout: Checkout) -> float:
        """Seconds a checkout was held, up to now where it is still out."""
        return checkout.hold if checkout.hold is not None else max(0.0, self.duration - checkout.acquired)

    @property
    def wait_time(self) -> float:
        """Seconds spent waiting for connections."""
        return sum(checkout.wait for checkout in self.checkouts)

    @property
    def held_time(self) -> float:
        """Seconds connections were held, those held at once added up."""
        return sum(self.held(checkout) for checkout in self.checkouts)

    @computed_once
    def numbers(self) -> Numbers:
        """What headers and logs say: of the pools, that with most checkouts."""
        if not self.pools:
            return Numbers(self.query_count, self.query_time)
        per_pool = Counter([checkout.pool for checkout in self.checkouts]) if len(self.pools) > 1 else {}
        busiest = max(self.pools, key=lambda pool: per_pool[pool.serial]) if per_pool else self.pools[0]
        checkouts = [checkout for checkout in self.checkouts if checkout.pool == busiest.serial]
        return Numbers(
            self.query_count,
            self.query_time,
            len(checkouts) + self.dropped_checkouts,
            sum([checkout.wait for checkout in checkouts]),
            sum([self.held(checkout) for checkout in checkouts]),
            busiest.checked_out,
            busiest.size,
            busiest.overflow,
        )
