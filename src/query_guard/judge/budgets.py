"""Budgets that endpoints declare: how many statements each may send."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any, TypeVar

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

_BUDGET = "__query_guard_max_queries__"
_least: list[float] = [inf]
"""The smallest budget that was declared in the process."""


def query_budget(*positional: object, max_queries: int | None = None) -> Callable[[Endpoint], Endpoint]:
    """Declare on an endpoint how many statements it may send; more is a `statement_budget` finding.

    Raises TypeError without parentheses or where the number is not given by name, and ValueError for a value that is
    no integer of at least 0.
    """
    if positional:
        raise TypeError(
            f"query_budget: write @query_budget(max_queries=5), with the number by name, not {positional!r}"
        )
    if isinstance(max_queries, bool) or not isinstance(max_queries, int) or max_queries < 0:
        raise ValueError(f"query_budget: max_queries must be an integer of at least 0, not {max_queries!r}")

    _least[0] = min(_least[0], max_queries)

    def declare(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _BUDGET, max_queries)
        return endpoint

    return declare


def declared_budget(endpoint: Any) -> int | None:
    """Return the budget that `query_budget` declared on an endpoint."""
    budget = getattr(endpoint, _BUDGET, None)
    return budget if isinstance(budget, int) else None


def least_declared() -> float:
    """Return the smallest budget that any endpoint of the process declares; infinite where none does."""
    return _least[0]
