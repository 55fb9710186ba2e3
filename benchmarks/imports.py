"""Seconds of an import beyond what an application has imported anyway. One import, one process, one line of JSON:
`python -m benchmarks.imports query_guard.middleware`; with a further word, where that time goes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from importlib import import_module
from time import perf_counter

_MARK = "imported before"

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


def by_package(report: str) -> dict[str, float]:
    """Read what `-X importtime` wrote: the seconds that the modules of each package took themselves."""
    spent: Counter[str] = Counter()
    for line in report.splitlines():
        itself, _, module = line.removeprefix("import time:").rpartition("|")
        microseconds = itself.partition("|")[0].strip()
        if microseconds.isdigit():
            package, _, rest = module.strip().partition(".")
            part, is_nested, _ = rest.partition(".")
            name = f"{package}.{part}" if is_nested else f"{package}, its own modules"
            spent[name if package == "query_guard" else "others"] += int(microseconds)
    return {name: microseconds / 1e6 for name, microseconds in spent.most_common()}


def _profile(module: str) -> dict[str, float]:
    """Import a module in a fresh process after what it needs, and return where its time went."""
    code = f"import {', '.join(IMPORTED_BEFORE[module])}, sys; sys.stderr.write('{_MARK}\\n'); import {module}"
    command = [sys.executable, "-X", "importtime", "-c", code]
    done = subprocess.run(command, text=True, stderr=subprocess.PIPE, check=True)
    return by_package(done.stderr.partition(_MARK)[2])


if __name__ == "__main__":
    _, module, *profiled = sys.argv
    print(json.dumps(_profile(module) if profiled else {"seconds": _seconds(module)}))
