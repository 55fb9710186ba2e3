"""What the guard says of itself."""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import Any

from query_guard.document.fields import milliseconds
from query_guard.history import History
from query_guard.history.memory import MemoryHistory
from query_guard.judge.own_cost import OwnCost
from query_guard.own_errors import own_errors


def own_document(cost: OwnCost, history: History) -> dict[str, Any]:
    """Return process, version, cost, memory, what was left out, and failures, as JSON can carry it."""
    return {
        "pid": os.getpid(),
        "version": version("fastapi-query-guard"),
        "requests": cost.judged,
        "reports": cost.reports,
        "sampled": cost.sampled,
        "judging_ms": milliseconds(cost.judging),
        "judging_per_request_ms": milliseconds(cost.judging / cost.judged) if cost.judged else None,
        "judging_longest_ms": milliseconds(cost.longest),
        "reporting_ms": milliseconds(cost.reporting),
        "reporting_per_report_ms": milliseconds(cost.reporting / cost.reports) if cost.reports else None,
        "history": _history_document(history),
        "dropped": {
            "statements": cost.dropped_statements,
            "checkouts": cost.dropped_checkouts,
            "transactions": cost.dropped_transactions,
        },
        "own_errors": own_errors(),
    }


def _history_document(history: History) -> dict[str, Any]:
    """Return how many reports are kept and, of a history in memory, what they weigh and may weigh."""
    kept: dict[str, Any] = {"reports": len(history.latest())}
    if not isinstance(history, MemoryHistory):
        return {**kept, "most_reports": None, "bytes": None, "most_bytes": None}
    return {
        **kept,
        "most_reports": history.most_reports,
        "bytes": history.bytes,
        "most_bytes": history.most_bytes,
    }
