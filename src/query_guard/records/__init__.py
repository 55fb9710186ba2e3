"""The facts of a window as plain data: what was sent, from where, over which connection, and what is wrong with it.

Times are seconds; `start` counts from the opening of the window (`time.perf_counter`). Nothing here holds a value of
the application: parameters are salted hashes, owners are hashes of their identity.
"""

from __future__ import annotations

from query_guard.records.allowance import Allowance
from query_guard.records.answer import Answer
from query_guard.records.change import Change, LastingName, lasting_name
from query_guard.records.connections import (
    OUTSIDE_REQUESTS,
    Checkout,
    CheckoutOutcome,
    Doing,
    Holder,
    LoopBlock,
    Pause,
    Pool,
    Transaction,
    TransactionOutcome,
    Writer,
    shown_seconds,
)
from query_guard.records.facts import Facts
from query_guard.records.figures import Figures, Numbers, Triggers
from query_guard.records.findings import LOUD, Finding, Severity, Silence, count_kinds
from query_guard.records.groups import different_sets, distinct_sites, grouped, usual_duration
from query_guard.records.jobs import takes_jobs
from query_guard.records.late_counter import LateCounter
from query_guard.records.load_path import Load, LoadPath
from query_guard.records.load_paths import OBJECT_BY_OBJECT, LoadPaths
from query_guard.records.loader_option import LoaderOption, OptionCall, PlacedOption, chain_of
from query_guard.records.loaders import Loader, Step
from query_guard.records.report import Report
from query_guard.records.request import Request, RequestKind
from query_guard.records.statement_info import (
    CRITERIA,
    NO_INFO,
    POPULATES,
    Clauses,
    Entity,
    Option,
    StatementInfo,
)
from query_guard.records.statements import (
    NOWHERE,
    CallSite,
    Engine,
    FailedLoad,
    FailureOfLoad,
    Frame,
    Phase,
    Read,
    Statement,
)
from query_guard.records.tried import Outcome, TrialOf, Tried

__all__ = [
    "CRITERIA",
    "LOUD",
    "NOWHERE",
    "NO_INFO",
    "OBJECT_BY_OBJECT",
    "OUTSIDE_REQUESTS",
    "POPULATES",
    "Allowance",
    "Answer",
    "CallSite",
    "Change",
    "Checkout",
    "CheckoutOutcome",
    "Clauses",
    "Doing",
    "Engine",
    "Entity",
    "Facts",
    "FailedLoad",
    "FailureOfLoad",
    "Figures",
    "Finding",
    "Frame",
    "Holder",
    "LastingName",
    "LateCounter",
    "Load",
    "LoadPath",
    "LoadPaths",
    "Loader",
    "LoaderOption",
    "LoopBlock",
    "Numbers",
    "Option",
    "OptionCall",
    "Outcome",
    "Pause",
    "Phase",
    "PlacedOption",
    "Pool",
    "Read",
    "Report",
    "Request",
    "RequestKind",
    "Severity",
    "Silence",
    "Statement",
    "StatementInfo",
    "Step",
    "Transaction",
    "TransactionOutcome",
    "TrialOf",
    "Tried",
    "Triggers",
    "Writer",
    "chain_of",
    "count_kinds",
    "different_sets",
    "distinct_sites",
    "grouped",
    "lasting_name",
    "shown_seconds",
    "takes_jobs",
    "usual_duration",
]
