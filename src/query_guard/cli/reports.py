"""Reports that an application keeps: by id, and by route."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

from query_guard.cli.endpoint import Endpoint, NotFound, endpoint_of
from query_guard.cli.failure import Failure
from query_guard.cli.output import write_json, write_text

_Answer = TypeVar("_Answer")
Summary = dict[str, Any]


def show(options: argparse.Namespace, report_id: str) -> int:
    """Print a report, as JSON with `--json`. Raises Failure for an id that is not kept."""
    endpoint = endpoint_of(options)
    if options.json:
        write_json(report_of(endpoint, report_id))
    else:
        write_text(_by_id(endpoint, endpoint.text, report_id))
    return 0


def report_of(endpoint: Endpoint, report_id: str) -> dict[str, Any]:
    """Return the JSON of a report. Raises Failure for an id that is not kept."""
    return _by_id(endpoint, endpoint.json, report_id)


def name_of(report: Summary) -> str:
    """Return `GET /users/{id}`, or a block's own name."""
    if report.get("kind") == "block":
        return str(report.get("path"))
    return f"{report.get('method')} {report.get('route') or '(no route)'}"


def is_of(report: Summary, route: str) -> bool:
    """Whether a report is of a route, which is given with its method or without, or as a block's name."""
    name = name_of(report)
    method, blank, path = route.partition(" ")
    return route in (name, report.get("route")) or (blank != "" and f"{method.upper()} {path}" == name)


def _by_id(endpoint: Endpoint, read: Callable[[str], _Answer], report_id: str) -> _Answer:
    try:
        return read(f"requests/{quote(os.fsencode(report_id), safe='')}")
    except NotFound:
        kept = endpoint.rows("requests")  # where the endpoint itself is not found, this says so
    if not kept:
        raise Failure(
            f"expected a report at {endpoint.address!r}, and none is kept yet; send the application a request"
        )
    raise Failure(
        f"expected a report {report_id!r} at {endpoint.address!r}, and it is not among the {len(kept)} that are kept; "
        "'query-guard list' shows them"
    )
