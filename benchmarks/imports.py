"""Seconds of an import beyond what an application has imported anyway. One import, one process, one line of JSON:
`python -m benchmarks.imports query_guard.middleware`.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from time import perf_counter

IMPORTED_BEFORE = {
    "query_guard": (),
    "query_guard.middleware": ("sqlalchemy", "sqlalchemy.orm", "starlette.applications", "structlog"),
}


def _seconds(module: str) -> float:
    for name in IMPORTED_BEFORE[module]:
        import_module(name)
    started = perf_counter()
    import_module(module)
    return perf_counter() - started


if __name__ == "__main__":
    print(json.dumps({"seconds": _seconds(sys.argv[1])}))
