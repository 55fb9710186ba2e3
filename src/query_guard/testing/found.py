"""What was found, on which route, and how often: a test may call one route many times."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from query_guard.judge.request_reports import group_of
from query_guard.recording import Recording
from query_guard.records import Finding, grouped


class Found(NamedTuple):
    """Equal findings of one route; `route` is empty for what was sent outside requests."""

    route: str
    finding: Finding
    times: int = 1


def found_in(recording: Recording) -> list[Found]:
    """Return the findings of a recording that are warnings or errors, the worst first, equal ones together."""
    reports = recording.request_reports.kept
    routes = {id(finding): report.request.name for report in reports for finding in report.findings}
    return gathered((routes.get(id(finding), ""), finding) for finding in recording.findings)


def gathered(pairs: Iterable[tuple[str, Finding]]) -> list[Found]:
    """Gather routes and their findings of severity warning or error, equal ones together."""
    loud = [pair for pair in pairs if pair[1].is_loud]
    groups = grouped(loud, lambda pair: group_of(*pair))
    return [Found(*pairs[0], len(pairs)) for pairs in groups.values()]
