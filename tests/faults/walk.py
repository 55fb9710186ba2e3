"""The walk: `python -m tests.faults.walk` makes every function of the guard fail, one at a time, while work is done.

Each piece of work is done without the guard first, then with it, then with each point failing that it comes by. What
differs from the first time is written to standard output as JSON, a list of `Difference`. `--soak` fails after every
statement, and with the exceptions that come from outside, too.
"""

from __future__ import annotations

import argparse
import asyncio
import faulthandler
import gc
import json
import logging
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Tracer
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.faults.application import app, in_production
from tests.faults.database import Database
from tests.faults.entries import ENTRIES, OF_TESTS
from tests.faults.outcomes import Outcome, outcome
from tests.faults.points import Point, points, rewrite_imports
from tests.faults.work import TESTS, TRIED, WORK, Blocks, debug_request

PASSING = (KeyboardInterrupt, SystemExit, asyncio.CancelledError, GeneratorExit)
"""What passes through the guard, once the application's own step is done."""

KEY = "the-key-of-the-walk"
_PATIENCE = 60.0
"""Seconds after which a run that hangs ends all, with the frames of its threads."""


class Difference(NamedTuple):
    """Something that the application noticed. `function` is where the fault was, empty where there was none."""

    work: str
    function: str
    point: str
    error: str
    expected: str
    actual: str


class Fault(Exception):
    """What is wrong with the guard."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--soak", action="store_true")
    parser.add_argument("--only", default="", help="do only the work whose name contains this")
    parser.add_argument(
        "--times", type=int, default=3, help="raise the same at a point at most so often, in other work each time"
    )
    parser.add_argument("--at", default="", help="fail only in functions whose name contains this")
    parser.add_argument("--verbose", action="store_true", help="say where it is about to fail")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.getLogger("query_guard").addHandler(logging.NullHandler())
    logging.getLogger("query_guard").propagate = False
    logging.disable(logging.NOTSET)
    memory = Path("/dev/shm")  # where there is one, no disk is waited for
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as directory:
        differences = walk(Database(Path(directory) / "work.sqlite"), options)
    json.dump([one._asdict() for one in differences], sys.stdout, indent=1)


def walk(database: Database, options: argparse.Namespace) -> list[Difference]:
    work = {name: one for name, one in WORK.items() if options.only in name}
    bare = {name: outcome(one, Blocks(), database) for name, one in work.items()}
    blocks = guard()
    differences: list[Difference] = []
    failed: Counter[tuple[type[BaseException], int]] = Counter()
    for name, one in work.items():
        reset()
        differences += compared(name, None, "", bare[name], outcome(one, blocks, database))
        reached = [number for number in chosen(options.soak) if options.at in points.known[number].function]
        gc.collect()  # without gc.freeze(): greenlet frees that of a dead thread, if its last referrer is frozen
        for error, number in product((Fault, *(PASSING if options.soak else ())), reached):
            if failed[error, number] >= options.times:
                continue
            failed[error, number] += 1
            if options.verbose:
                print(f"{error.__name__} at {points.known[number]}", file=sys.stderr, flush=True)
            found = failing(name, bare[name], blocks, database, number, error)
            if found and error is not Fault:  # what an earlier one has left may have been collected meanwhile
                found = failing(name, bare[name], blocks, database, number, error)
            differences += found
        print(f"{name}: {failed.total()} times", file=sys.stderr)
    print(f"{failed.total()} times, {len({number for _, number in failed})} points", file=sys.stderr)
    return differences


def failing(
    name: str, bare: Outcome, blocks: Blocks, database: Database, number: int, error: type[BaseException]
) -> list[Difference]:
    """Do work while one point fails, and return how it differs."""
    reset()
    began = time.monotonic()
    faulthandler.dump_traceback_later(_PATIENCE, exit=True)
    got = outcome(WORK[name], blocks, database, partial(points.arm, number, error))
    points.disarm()
    if time.monotonic() - began > 3:
        print(f"  {time.monotonic() - began:.0f} s: {error.__name__} at {points.known[number]}", file=sys.stderr)
    return [*compared(name, points.known[number], error.__name__, bare, got)]


def guard() -> Blocks:
    """Import the guard, rewritten, put it around the application, and return its blocks."""
    rewrite_imports()
    from query_guard import QueryGuard, allow, record, testing
    from query_guard.capture.live import event_loop, holders, idle_transactions
    from query_guard.history.memory import MemoryHistory
    from query_guard.reporters.log import LogReporter
    from query_guard.reporters.telemetry import TelemetryReporter

    event_loop.BEAT = event_loop.WATCH_INTERVAL = event_loop.NOTICED_BLOCK = 0.002
    idle_transactions.NOTICED_PAUSE = 0.002
    event_loop.LONG_TURN = 0.002
    holders.NOTICED_WAIT = holders.SUSPICIOUS = 0.0

    history = MemoryHistory()

    def fails(_: object) -> None:
        raise ValueError("a reporter of the application")

    app.middleware_stack = in_production.middleware_stack = None
    app.add_middleware(
        QueryGuard, reporters=[LogReporter(), TelemetryReporter(MeterProvider()), fails],
        history=history, capture_parameters=True,
        budgets={"GET /loops": 3, "GET /nowhere": 1}, exclude=["/health"], sample_rate=1.0, debug=True,
        debug_token=KEY,
    )  # fmt: skip
    app.add_middleware(Traced, tracer=TracerProvider().get_tracer("test"))
    in_production.add_middleware(
        QueryGuard, sample_rate=0.0, reporters=[LogReporter(), TelemetryReporter(MeterProvider())]
    )
    in_production.add_middleware(Traced, tracer=TracerProvider().get_tracer("test"))

    async def arm(_path: str) -> None:
        with suppress(Fault):  # it is the developer's own request
            await debug_request(f"/api/requests/{history.latest()[0].id}/try", KEY)

    blocks: Any = Blocks()
    blocks.arm = arm
    blocks.record, blocks.allow, blocks.allow_in_process = record, allow, testing.allow_in_process
    for name in ("record_queries", "assert_max_queries", "assert_no_findings"):
        setattr(blocks, name, getattr(testing, name))
    given: Blocks = blocks
    return given


class Traced:
    """Records a span around each request, as the instrumentation of an application does."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self.app, self.tracer = app, tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self.tracer.start_as_current_span("request"):
            await self.app(scope, receive, send)


def chosen(every: bool) -> Iterator[int]:
    """Yield the points that were reached: each function's start and the first after that, or every one."""
    seen: set[tuple[str, bool]] = set()
    for number in tuple(points.reached):  # threads of the guard reach more meanwhile
        point = points.known[number]
        if point.function in ENTRIES or point.function.startswith(OF_TESTS):
            continue
        if every or (point.function, point.is_start) not in seen:
            seen.add((point.function, point.is_start))
            yield number


def compared(work: str, point: Point | None, error: str, bare: Outcome, got: Outcome) -> Iterator[Difference]:
    """Yield how an outcome differs from that without a guard."""
    has_passed = error not in ("", Fault.__name__) and any(error in where for where in (got.raised, *got.unheard))
    if has_passed:  # on its way it may leave a connection to the garbage collector, as it may without the guard
        got = bare._replace(left=got.left)
    elif work in TESTS and _is_told(got, bare):
        got = bare._replace(checked_out=got.checked_out, left=got.left)
    if work in TRIED:
        got = got._replace(calls=bare.calls)
    for field, expected, actual in zip(Outcome._fields, bare, got, strict=True):
        if expected != actual:
            function = point.function if point is not None else ""
            yield Difference(work, function, str(point or ""), error, f"{field} {expected}", str(actual))


def _is_told(got: Outcome, bare: Outcome) -> bool:
    """Whether a test was told that the guard has failed, and its own failure was not hidden by that."""
    return got.raised.startswith(("AssertionError", Fault.__name__)) and not (bare.raised and got.calls)


def reset() -> None:
    """Build the guard anew, and let it see everything for the first time again."""
    for application in (app, in_production):
        application.middleware_stack = application.build_middleware_stack()
    for clear in _caches():
        clear()
    vars(sys.modules["query_guard.capture.live.holders"])["_next_check"] = 0.0
    points.reached.clear()


@cache
def _caches() -> list[Callable[[], None]]:
    modules = [module for name, module in sys.modules.items() if name.startswith("query_guard.")]
    found = [getattr(value, "cache_clear", None) for module in modules for value in vars(module).values()]
    kept = (
        ("capture.origin.call_site", "_sites"),
        ("capture.origin.source_files", "KINDS"),
        ("own_errors", "_logged"),
        ("web.routes", "_templates"),
    )
    return [
        *(clear for clear in found if callable(clear)),
        *(getattr(sys.modules[f"query_guard.{module}"], name).clear for module, name in kept),
    ]


if __name__ == "__main__":
    main()
