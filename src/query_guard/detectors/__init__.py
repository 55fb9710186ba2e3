"""Detectors: functions from facts to findings, one file a kind.

A detector is any callable that takes `Facts` and yields `Finding`s and, to explain itself, `Silence`s. Its
thresholds are its own dataclass fields, its words travel on the finding. To ship one by default, add one line to
`DEFAULTS`.
"""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from query_guard.detectors.cartesian_product import CartesianProduct
from query_guard.detectors.counted_collection import CountedCollection
from query_guard.detectors.duplicate_statement import DuplicateStatement
from query_guard.detectors.failed_statement import FailedStatement
from query_guard.detectors.large_result import LargeResult
from query_guard.detectors.latent_n_plus_one import LatentNPlusOne
from query_guard.detectors.missing_greenlet import MissingGreenlet
from query_guard.detectors.n_plus_one import NPlusOne
from query_guard.detectors.slow_statement import SlowStatement
from query_guard.detectors.statement_budget import StatementBudget
from query_guard.detectors.unused_eager_load import UnusedEagerLoad
from query_guard.records import Facts, Finding, Silence

Detector: TypeAlias = Callable[[Facts], Iterable[Finding | Silence]]

DEFAULTS: tuple[Detector, ...] = (
    NPlusOne(),
    DuplicateStatement(),
    SlowStatement(),
    FailedStatement(),
    MissingGreenlet(),
    CartesianProduct(),
    LargeResult(),
    StatementBudget(),
)

ON_READS: tuple[Detector, ...] = (UnusedEagerLoad(), CountedCollection())
"""They need to know which relationships were read, which only tests note, and judge a whole test at once."""

OPT_IN: tuple[Detector, ...] = (LatentNPlusOne(), *ON_READS)


def defaults(*replacements: Detector) -> tuple[Detector, ...]:
    """Return the default detectors with each replacement in the place of its type; new types come last."""
    types = {type(detector) for detector in DEFAULTS}
    by_type = {type(replacement): replacement for replacement in replacements if type(replacement) in types}
    new = tuple(replacement for replacement in replacements if type(replacement) not in types)
    return tuple(by_type.get(type(detector), detector) for detector in DEFAULTS) + new


__all__ = [
    "DEFAULTS",
    "ON_READS",
    "OPT_IN",
    "CartesianProduct",
    "CountedCollection",
    "Detector",
    "DuplicateStatement",
    "FailedStatement",
    "LargeResult",
    "LatentNPlusOne",
    "MissingGreenlet",
    "NPlusOne",
    "SlowStatement",
    "StatementBudget",
    "UnusedEagerLoad",
    "defaults",
]
