"""What the application hands in for the guard to call: detectors, reporters and a history, checked."""

from __future__ import annotations

from collections.abc import Iterable
from inspect import iscoroutinefunction
from typing import Any


def callables(name: str, value: Any) -> tuple[Any, ...]:
    """Check a sequence of detectors or reporters."""
    if not isinstance(value, Iterable) or isinstance(value, (str, bytes)):
        raise ValueError(f"QueryGuard: {name} must be a sequence of callables, not {value!r}")
    items = tuple(value)
    for item in items:
        if not callable(item) or isinstance(item, type):
            raise ValueError(f"QueryGuard: {name} must hold callables (instances, not classes), not {item!r}")
        if is_async(item):
            raise ValueError(f"QueryGuard: {name} must hold callables that nobody has to await, not {item!r}")
    return items


def check_history(value: Any) -> Any:
    """Check that a history can keep, find and list reports."""
    methods = [getattr(value, name, None) for name in ("add", "get", "latest")]
    if value is not None and not all(map(callable, methods)):
        raise ValueError(f"QueryGuard: history must have add, get and latest, as MemoryHistory() has, not {value!r}")
    if isinstance(value, type) or any(map(is_async, methods)):
        raise ValueError(
            "QueryGuard: history must be an instance, as MemoryHistory() is, with methods that nobody has to await, "
            f"not {value!r}"
        )
    return value


def is_async(function: Any) -> bool:
    """Whether a call returns what somebody has to await: the guard calls within a request, and awaits nothing."""
    return iscoroutinefunction(function) or iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004
