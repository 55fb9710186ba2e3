"""The entry of a test in the run's results, from its recording or from what the application's middleware reported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from query_guard.document.findings import finding_document
from query_guard.document.strict_json import json_safe
from query_guard.recording import Recording
from query_guard.records import Finding, Statement
from query_guard.testing.baseline import Baseline, compared
from query_guard.testing.found import Found, found_in, gathered
from query_guard.testing.tallies import OUTSIDE, Entry, FindingEntry, RouteTally, Tally


class Part(NamedTuple):
    """A request of a recording, or all that was sent outside requests."""

    route: str
    query_count: int
    statements: Sequence[Statement]
    findings: Sequence[Finding]


def parts_of(recording: Recording) -> list[Part]:
    """Split a recording by requests; what no request sent comes last."""
    requests = [
        Part(report.request.name, report.query_count, report.facts.statements, report.findings)
        for report in recording.request_reports.kept
    ]
    requests += [Part(route, count, (), ()) for route, count in recording.request_reports.counted.items()]
    in_requests = {id(finding) for part in requests for finding in part.findings}
    findings = [finding for finding in recording.findings if id(finding) not in in_requests]
    statements = [row for row in recording.statements if row.request == recording.recorder.request]
    count = len(statements)
    if recording.query_count > len(recording.statements):  # some were only counted, and their requests are unknown
        count = max(count, recording.query_count - sum(part.query_count for part in requests))
    return [*requests, Part(OUTSIDE, count, statements, findings)] if count or findings else requests


def entry_of(test: str, recording: Recording, baseline: Baseline | None) -> Entry:
    """Return the entry of a recorded test, compared with the baseline where there is one."""
    tally_before = None if baseline is None else baseline.get(test)
    routes = tally_of(parts_of(recording))
    return {
        "test": test,
        "outcome": "",
        "recorded": True,
        "routes": routes,
        "findings": [
            _finding_entry(found, None if baseline is None else tally_before or {}) for found in found_in(recording)
        ],
        "changes": None if baseline is None else compared(tally_before, routes),
        "stale": [],
        "used": [],
        "own_errors": {},
        "saw_nothing": recording.saw_nothing,
    }


def middleware_entry(test: str, findings: Iterable[tuple[str, Finding]]) -> Entry:
    """Return the entry of a test that was not recorded: what the application's middleware found while it ran."""
    finding_entries = [_finding_entry(found, None) for found in gathered(findings)]
    return {
        "test": test, "outcome": "", "recorded": False, "routes": {}, "findings": finding_entries, "changes": None,
        "stale": [], "used": [], "own_errors": {}, "saw_nothing": False,
    }  # fmt: skip


def tally_of(parts: Iterable[Part]) -> Tally:
    tally: Tally = {}
    for part in parts:
        route: RouteTally = tally.setdefault(part.route, {"statements": 0, "shapes": {}, "findings": {}})
        route["statements"] += part.query_count
        _add(route["shapes"], ((row.sql, 1) for row in part.statements))
        _add(route["findings"], ((key_of(finding), finding.count) for finding in part.findings if finding.is_loud))
    safe: Tally = json_safe(tally)  # equal to what is read back from a file or from another process
    return safe


def _add(numbers: dict[str, int], pairs: Iterator[tuple[str, int]]) -> None:
    for name, number in pairs:
        numbers[name] = numbers.get(name, 0) + number


def key_of(finding: Finding) -> str:
    """Return a name of a finding that does not change when lines move."""
    frame = finding.site.innermost
    subject = finding.relationship or (frame.function if frame else finding.endpoint or finding.phase)
    return str(json_safe(f"{finding.kind} {subject}" if subject else finding.kind))


def _finding_entry(found: Found, before: Tally | None) -> FindingEntry:
    document = finding_document(found.finding)
    del document["statement_ids"]
    key, route = key_of(found.finding), json_safe(found.route) or OUTSIDE
    known = None if before is None else key in before.get(route, {"findings": {}})["findings"]
    place = found.finding.place
    safe_document: FindingEntry = json_safe(
        {
            **document,
            "route": route,
            "place": place,
            "key": key,
            "times": found.times,
            "saves": found.finding.saved_statements,
        }
    )
    return {**safe_document, "known": known}
