"""Compare two reports, or the last two of a route: statements, times and findings."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from query_guard.cli.differences import differences
from query_guard.cli.endpoint import Endpoint, endpoint_of
from query_guard.cli.failure import Failure
from query_guard.cli.output import cell, write_json, write_text
from query_guard.cli.reports import is_of, name_of, report_of

NAME = "compare"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the two reports."""
    parser.add_argument("before", metavar="A", help="the id of a report; or a route, for its last two reports")
    parser.add_argument("after", metavar="B", nargs="?", help="the id of a later report, or latest")


def run(options: argparse.Namespace) -> int:
    """Print what differs. Raises NoKey and Failure."""
    endpoint = endpoint_of(options)
    ids = (options.before, options.after) if options.after is not None else last_two(endpoint, options.before)
    before, after = (report_of(endpoint, each) for each in ids)
    changed = differences(before, after)
    if options.json:
        write_json(changed)
    else:
        write_text("\n".join(_lines(changed)))
    return 0


def last_two(endpoint: Endpoint, route: str) -> tuple[str, str]:
    """Return the ids of the last two reports of a route, the earlier one first, without trials. Raises Failure."""
    kept = endpoint.rows("requests")
    of_route = [row for row in kept if is_of(row, route) and row.get("trial") is None]
    same = [row for row in of_route if name_of(row) == name_of(of_route[0])]
    if len(same) < 2:
        raise Failure(
            f"expected two reports of the route {route!r} at {endpoint.address!r}, and {len(same)} of the {len(kept)} "
            "that are kept are of it; send the request, or see how routes are written with 'query-guard routes'"
        )
    return str(same[1].get("id")), str(same[0].get("id"))


def _lines(changed: dict[str, Any]) -> Iterator[str]:
    before, after = changed["before"], changed["after"]
    names = list(dict.fromkeys((name_of(before), name_of(after))))
    yield (
        f"{' -> '.join(names)}: {before['query_count']} -> {after['query_count']} queries, "
        f"{before['query_time_ms']:.1f} -> {after['query_time_ms']:.1f} ms in the database, "
        f"{before['duration_ms']:.1f} -> {after['duration_ms']:.1f} ms"
    )
    for change, found in changed["findings"].items():
        for finding in found:
            yield f"  {change:<4}  {_finding(finding)}"
    for row in changed["statements"]:
        yield f"  {row['before']:>4} -> {row['after']:<4}  {cell(row['sql'])}"
    without = before["dropped"] + after["dropped"]
    if without:
        yield f"  {without} statements were counted without details, and are in the first line alone"


def _finding(finding: dict[str, Any]) -> str:
    place = f" at {finding['file']}:{finding['line']}" if finding["file"] else ""
    headline = str(finding["summary"]).partition(": ")[0]  # its statement is below
    return f"{finding['kind']}{place}: {cell(headline)}"
