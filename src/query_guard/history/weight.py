"""How many bytes a report takes in memory."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from sys import getsizeof
from types import BuiltinFunctionType, FunctionType, ModuleType

from query_guard.records import Report

_SHARED = (type, ModuleType, FunctionType, BuiltinFunctionType)
_ENTRY_BYTES = 300
"""Bytes that a history adds to find a report again."""


def weight_of(report: Report) -> int:
    """Return the bytes of all objects that a report refers to, each once. What reports share counts in each of them."""
    seen: set[int] = set()
    total = _ENTRY_BYTES
    level: Iterable[object] = (report,)
    while level:
        new = {id(part): part for part in level if id(part) not in seen and not isinstance(part, _SHARED)}
        seen.update(new)
        total += sum(map(getsizeof, new.values()))
        level = gc.get_referents(*new.values())
    return total + total // 20  # the allocator rounds up
