"""The facts of a window as frozen plain data: what was sent, by whom, over which connection, and what is wrong with
it.

Times are seconds; `start` counts from the opening of the window (`time.perf_counter`). Nothing here holds a value of
the application: parameters are salted hashes, owners are hashes of their identity.
"""

from __future__ import annotations

from query_guard.records.allowance import Allowance
from query_guard.records.connections import (
    Checkout,
    CheckoutOutcome,
    Doing,
    Holder,
    LoopBlock,
    Pause,
    Pool,
    Transaction,
    TransactionOutcome,
    shown_seconds,
)
from query_guard.records.facts import Facts, LateCounter, distinct_sites, grouped, usual_duration
from query_guard.records.figures import Figures, Numbers, Triggers
from query_guard.records.findings import LOUD, Finding, Severity, Silence, count_kinds
from query_guard.records.report import Report
from query_guard.records.request import Request, RequestKind
from query_guard.records.statements import (
    NO_INFO,
    NOWHERE,
    CallSite,
    Engine,
    FailedLoad,
    Frame,
    Loader,
    Phase,
    Read,
    Statement,
    StatementInfo,
)

__all__ = [
    "LOUD",
    "NOWHERE",
    "NO_INFO",
    "Allowance",
    "CallSite",
    "Checkout",
    "CheckoutOutcome",
    "Doing",
    "Engine",
    "Facts",
    "FailedLoad",
    "Figures",
    "Finding",
    "Frame",
    "Holder",
    "LateCounter",
    "Loader",
    "LoopBlock",
    "Numbers",
    "Pause",
    "Phase",
    "Pool",
    "Read",
    "Report",
    "Request",
    "RequestKind",
    "Severity",
    "Silence",
    "Statement",
    "StatementInfo",
    "Transaction",
    "TransactionOutcome",
    "Triggers",
    "count_kinds",
    "distinct_sites",
    "grouped",
    "shown_seconds",
    "usual_duration",
]
