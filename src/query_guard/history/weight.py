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
    weighed: set[int] = set()
    total = _ENTRY_BYTES
    level: Iterable[object] = (report,)
    while level:
        level_objects = {id(item): item for item in level if id(item) not in weighed and not isinstance(item, _SHARED)}
        weighed.update(level_objects)
        total += sum(map(getsizeof, level_objects.values()))
        level = gc.get_referents(*level_objects.values())
    return total + total // 20  # the allocator rounds up
