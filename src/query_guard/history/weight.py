"""What a report weighs in memory."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from sys import getsizeof
from types import BuiltinFunctionType, FunctionType, ModuleType

from query_guard.records import Report

_NOT_ITS_OWN = (type, ModuleType, FunctionType, BuiltinFunctionType)
_ENTRY_BYTES = 300
"""What a history adds to a report to find it again."""


def weight_of(report: Report) -> int:
    """Return the bytes of all that a report refers to, each object once; what reports share counts in each of them."""
    seen: set[int] = set()
    total = _ENTRY_BYTES
    level: Iterable[object] = (report,)
    while level:
        news = {id(one): one for one in level if id(one) not in seen and not isinstance(one, _NOT_ITS_OWN)}
        seen.update(news)
        total += sum(map(getsizeof, news.values()))
        level = gc.get_referents(*news.values())
    return total + total // 20  # what the allocator rounds up
