"""Try the fixes of a report in the next request of its route, and print what became of them."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from query_guard.cli.endpoint import Endpoint, NoApplication, NotFound, endpoint_of
from query_guard.cli.failure import Failure
from query_guard.cli.output import write_json, write_text
from query_guard.cli.reports import Summary, report_of

NAME = "try"
LASTING = 60.0
"""Seconds after which the application gives up."""
INTERVAL = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the id."""
    parser.add_argument("id", help="the id of a report of a GET or HEAD request, as in list; or latest")


def run(options: argparse.Namespace) -> int:
    """Wait for the request, and print a line for each fix; 1 unless all of them work. Raises NoKey and Failure."""
    endpoint = endpoint_of(options)
    report_id = str(report_of(endpoint, options.id)["id"])
    known = {row["id"] for row in endpoint.rows("requests")}
    armed = arm(endpoint, report_id)
    if "error" in armed:
        raise Failure(str(armed["error"]))
    offered = ", ".join(f"{option['remedy']} at {option['file']}:{option['line']}" for option in armed["options"])
    write_text(f"Send {armed['route']} within a minute: it runs with {offered}", sys.stderr)
    ran = _request_of(endpoint, report_id, str(armed["route"]), known)
    findings = [finding for finding in report_of(endpoint, report_id)["findings"] if finding["tried"]]
    if options.json:
        write_json({"id": ran["id"], "trial": ran["trial"], "findings": findings})
    else:
        write_text("\n".join(_lines(str(armed["route"]), findings)))
    return 0 if ran["trial"]["outcome"] == "works" else 1


def arm(endpoint: Endpoint, report_id: str) -> dict[str, Any]:
    """Let the next request of a kept report's route run with its fixes; return what the endpoint says of it.

    Where nothing can be tried, that is an `error`. Raises Failure.
    """
    try:
        return endpoint.posted(f"requests/{quote(report_id, safe='')}/try")
    except NotFound as error:  # the report was found, so the endpoint is there
        raise Failure(
            f"expected the application to try the fix of {report_id!r}, and its version of query_guard tries none; "
            f"use 'query-guard fix {report_id}'"
        ) from error


def _request_of(endpoint: Endpoint, report_id: str, route: str, known: set[str]) -> Summary:
    """Return the report in which the fixes were tried, as the list has it; `known` came before. Raises Failure."""
    deadline = time.monotonic() + LASTING
    while True:
        rows: list[Summary] = []
        with suppress(NoApplication):
            rows = endpoint.rows("requests")
        for row in rows:
            if (row.get("trial") or {}).get("of") == report_id and row["id"] not in known:
                return row
        if time.monotonic() >= deadline:
            raise Failure(
                f"expected a request of {route!r} at {endpoint.url!r} within {LASTING:g} s, and none came that could "
                f"run with the fixes; try again with 'query-guard try {report_id}', and send it then"
            )
        time.sleep(INTERVAL)


def _lines(route: str, findings: list[dict[str, Any]]) -> Iterator[str]:
    for finding in findings:
        tried = finding["tried"]
        why = f": {tried['why']}" if "why" in tried else ""
        yield (
            f"{route}: {tried['before']} -> {tried['after']} statements; the fix of "
            f"{finding['relationship'] or finding['kind']} {_SAID[tried['outcome']]}{why}"
        )


_SAID = {"works": "works", "fails": "fails", "unknown": "may work"}
