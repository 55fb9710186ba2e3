"""Wait until the next request, or the next one of a route, and show its report."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from query_guard.cli.endpoint import Endpoint, NoApplication, endpoint_of
from query_guard.cli.failure import Failure
from query_guard.cli.reports import Summary, is_of, show

NAME = "wait"
INTERVAL = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the route and the time."""
    parser.add_argument("route", nargs="?", help="such as '/users/{id}' or 'GET /users/{id}'; any request by default")
    parser.add_argument(
        "--timeout", type=_seconds, default=60.0, help="give up after so many seconds (default: %(default)g)"
    )


def run(options: argparse.Namespace) -> int:
    """Print the report of the first request that ends from now on. Raises NoKey and Failure."""
    endpoint = endpoint_of(options)
    expected = f"request of {options.route!r}" if options.route else "request"

    def begin() -> None:
        print(f"Waiting for the next {expected} ...", file=sys.stderr, flush=True)

    return show(options, next_report(endpoint, options.route, options.timeout, begin))


def next_report(endpoint: Endpoint, route: str | None, timeout: float, begin: Callable[[], None] = lambda: None) -> str:
    """Return the id of the report of the first request that ends from now on. Raises Failure.

    `begin` is called when requests count from then on.
    """
    known_ids = {row.get("id") for row in endpoint.rows("requests")}
    begin()
    deadline = time.monotonic() + timeout
    while (report := _next(endpoint, known_ids, route)) is None:
        if time.monotonic() >= deadline:
            expected = f"request of {route!r}" if route else "request"
            raise Failure(
                f"expected a {expected} at {endpoint.url!r} within {timeout:g} s, and none came; send it, "
                "or wait longer with --timeout ('query-guard routes' shows how routes are written)"
            )
        time.sleep(INTERVAL)
    return str(report.get("id"))


def _next(endpoint: Endpoint, known_ids: set[object], route: str | None) -> Summary | None:
    """Return the oldest report that is not known yet; an application that restarts is not there for a moment."""
    rows: list[Summary] = []
    with suppress(NoApplication):
        rows = endpoint.rows("requests")
    new_rows = [row for row in reversed(rows) if row.get("id") not in known_ids]
    return next((row for row in new_rows if route is None or is_of(row, route)), None)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number of seconds, got {text!r}")
    return seconds
