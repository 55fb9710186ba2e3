"""Dependencies of a route that share their code: `Depends(require("read"))` and `Depends(require("write"))`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from query_guard.capture.origin.frames import code_start
from query_guard.records import Frame


def shared_dependencies(route: Any) -> tuple[tuple[Frame, int], ...]:
    """Return where the code of dependencies begins that are called more than once for a request, and how often."""
    calls: dict[object, Any] = {}
    for dependant in _below(getattr(route, "dependant", None)):
        call = getattr(dependant, "call", None)
        is_kept = getattr(dependant, "use_cache", True)
        calls[id(call) if is_kept else id(dependant), is_kept] = call
    starts = Counter(start for call in calls.values() if (start := _start(call)) is not None)
    return tuple((start, times) for start, times in starts.items() if times > 1)


def _below(dependant: Any) -> Iterator[Any]:
    for dependency in getattr(dependant, "dependencies", None) or ():
        yield dependency
        yield from _below(dependency)


def _start(call: Any) -> Frame | None:
    """Return where a function, the function of a partial, or the method of a callable object begins."""
    call = getattr(call, "func", call)
    return code_start(call) or (code_start(type(call).__call__) if callable(call) else None)
