"""Detectors: functions from facts to findings, one file a kind.

A detector is any callable that takes `Facts` and yields `Finding`s and, to explain itself, `Silence`s. Its
thresholds are its own dataclass fields, its words travel on the finding. To ship one by default, add one line to
`DEFAULTS`. What was judged for the headers is not judged again when the request has ended, unless a detector says
`at_end = True`, as those do that look at checkouts and transactions. One with `triggers`, such as
`{"longest_statement": 0.1}`, runs only where that field of the window's `Figures` is as large: of most requests no
facts need be made at all. Checkouts and pools are there for those that say `at_end`, have a trigger of them, or none.
"""

import sys
from collections.abc import Callable, Iterable
from typing import TypeAlias

from query_guard.detectors.blocking_driver import BlockingDriver
from query_guard.detectors.cartesian_product import CartesianProduct
from query_guard.detectors.commit_after_response import CommitAfterResponse
from query_guard.detectors.commit_per_row import CommitPerRow
from query_guard.detectors.connection_leak import ConnectionLeak
from query_guard.detectors.counted_collection import CountedCollection
from query_guard.detectors.duplicate_statement import DuplicateStatement
from query_guard.detectors.event_loop_blocked import EventLoopBlocked
from query_guard.detectors.failed_statement import FailedStatement
from query_guard.detectors.idle_in_transaction import IdleInTransaction
from query_guard.detectors.large_result import LargeResult
from query_guard.detectors.latent_n_plus_one import LatentNPlusOne
from query_guard.detectors.lost_write import LostWrite
from query_guard.detectors.missing_greenlet import MissingGreenlet
from query_guard.detectors.n_plus_one import NPlusOne
from query_guard.detectors.nested_checkout import NestedCheckout
from query_guard.detectors.pool_settings import PoolSettings
from query_guard.detectors.pool_timeout import PoolTimeout
from query_guard.detectors.pool_wait import PoolWait
from query_guard.detectors.shared_session import SharedSession
from query_guard.detectors.slow_statement import SlowStatement
from query_guard.detectors.split_transaction import SplitTransaction
from query_guard.detectors.statement_budget import StatementBudget
from query_guard.detectors.unloaded_attribute import UnloadedAttribute
from query_guard.detectors.unused_eager_load import UnusedEagerLoad
from query_guard.detectors.write_in_read_request import WriteInReadRequest
from query_guard.records import Facts, Finding, Silence

Detector: TypeAlias = Callable[[Facts], Iterable[Finding | Silence]]

DEFAULTS: tuple[Callable[[], Detector], ...] = (
    NPlusOne,
    DuplicateStatement,
    SlowStatement,
    FailedStatement,
    MissingGreenlet,
    UnloadedAttribute,
    SharedSession,
    CartesianProduct,
    LargeResult,
    StatementBudget,
    PoolTimeout,
    ConnectionLeak,
    PoolWait,
    NestedCheckout,
    LostWrite,
    CommitAfterResponse,
    CommitPerRow,
    SplitTransaction,
    IdleInTransaction,
    WriteInReadRequest,
    BlockingDriver,
    EventLoopBlocked,
    PoolSettings,
)
"""Made anew for each application: some remember what they have told."""

ON_READS: tuple[Detector, ...] = (UnusedEagerLoad(), CountedCollection())
"""They need to know which relationships were read, which only tests note, and judge a whole test at once."""

OPT_IN: tuple[Detector, ...] = (LatentNPlusOne(), *ON_READS)

_MEASURE_TIME = (SlowStatement, PoolWait, IdleInTransaction, EventLoopBlocked, BlockingDriver)
"""What they find depends on the machine, so that tests do not fail by it unless they are told to."""


def kinds_of_ours() -> frozenset[str]:
    """Return the kinds of findings that the guard itself may make."""
    return _kinds(name for name in sys.modules if name.startswith(f"{__name__}."))


def timed_kinds() -> frozenset[str]:
    """Return the kinds of findings that measure time."""
    return _kinds(detector.__module__ for detector in _MEASURE_TIME)


def _kinds(modules: Iterable[str]) -> frozenset[str]:
    return frozenset(
        value
        for module in tuple(modules)
        for name, value in vars(sys.modules[module]).items()
        if name == "KIND" and isinstance(value, str)
    )


def judges_ends(detector: Detector) -> bool:
    """Whether a detector looks at how checkouts and transactions end, and must see the facts once all has ended."""
    return bool(getattr(detector, "at_end", False))


def defaults(*replacements: Detector) -> tuple[Detector, ...]:
    """Return new default detectors with each replacement in the place of its type; new types come last."""
    by_type: dict[object, Detector] = {
        type(replacement): replacement for replacement in replacements if type(replacement) in DEFAULTS
    }
    added = tuple(replacement for replacement in replacements if type(replacement) not in DEFAULTS)
    return tuple(by_type.get(kind) or kind() for kind in DEFAULTS) + added


__all__ = [
    "DEFAULTS",
    "ON_READS",
    "OPT_IN",
    "BlockingDriver",
    "CartesianProduct",
    "CommitAfterResponse",
    "CommitPerRow",
    "ConnectionLeak",
    "CountedCollection",
    "Detector",
    "DuplicateStatement",
    "EventLoopBlocked",
    "FailedStatement",
    "IdleInTransaction",
    "LargeResult",
    "LatentNPlusOne",
    "LostWrite",
    "MissingGreenlet",
    "NPlusOne",
    "NestedCheckout",
    "PoolSettings",
    "PoolTimeout",
    "PoolWait",
    "SharedSession",
    "SlowStatement",
    "SplitTransaction",
    "StatementBudget",
    "UnloadedAttribute",
    "UnusedEagerLoad",
    "WriteInReadRequest",
    "defaults",
    "kinds_of_ours",
    "timed_kinds",
]
