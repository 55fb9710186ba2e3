"""What a test left behind, made of its recording or of what the application's middleware reported."""

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
    """Take a recording apart by requests; what no request sent comes last."""
    requests = [
        Part(report.request.name, report.query_count, report.facts.statements, report.findings)
        for report in recording.request_reports.kept
    ]
    requests += [Part(route, count, (), ()) for route, count in recording.request_reports.counted.items()]
    told = {id(finding) for part in requests for finding in part.findings}
    findings = [finding for finding in recording.findings if id(finding) not in told]
    statements = [row for row in recording.statements if row.request == recording.recorder.request]
    count = len(statements)
    if recording.query_count > len(recording.statements):  # some were counted only, and by whom they were is not known
        count = max(count, recording.query_count - sum(part.query_count for part in requests))
    return [*requests, Part(OUTSIDE, count, statements, findings)] if count or findings else requests


def entry_of(test: str, recording: Recording, known: Baseline | None) -> Entry:
    """Return what a recorded test left, held against the baseline where there is one."""
    before = None if known is None else known.get(test)
    routes = tally_of(parts_of(recording))
    return {
        "test": test,
        "outcome": "",
        "recorded": True,
        "routes": routes,
        "findings": [_told(found, None if known is None else before or {}) for found in found_in(recording)],
        "changes": None if known is None else compared(before, routes),
        "stale": [],
        "used": [],
        "own_errors": {},
        "saw_nothing": recording.saw_nothing,
    }


def middleware_entry(test: str, findings: Iterable[tuple[str, Finding]]) -> Entry:
    """Return what the application's middleware found while a test ran that was not recorded."""
    told = [_told(found, None) for found in gathered(findings)]
    return {
        "test": test, "outcome": "", "recorded": False, "routes": {}, "findings": told, "changes": None, "stale": [],
        "used": [], "own_errors": {}, "saw_nothing": False,
    }  # fmt: skip


def tally_of(parts: Iterable[Part]) -> Tally:
    tally: Tally = {}
    for part in parts:
        route: RouteTally = tally.setdefault(part.route, {"statements": 0, "shapes": {}, "findings": {}})
        route["statements"] += part.query_count
        _add(route["shapes"], ((row.sql, 1) for row in part.statements))
        _add(route["findings"], ((key_of(finding), finding.count) for finding in part.findings if finding.is_loud))
    safe: Tally = json_safe(tally)  # as it stands in files, and travels from other processes
    return safe


def _add(numbers: dict[str, int], more: Iterator[tuple[str, int]]) -> None:
    for name, number in more:
        numbers[name] = numbers.get(name, 0) + number


def key_of(finding: Finding) -> str:
    """Name a finding so that it keeps its name when lines move."""
    frame = finding.site.innermost
    subject = finding.relationship or (frame.function if frame else finding.endpoint or finding.phase)
    return str(json_safe(f"{finding.kind} {subject}" if subject else finding.kind))


def _told(found: Found, before: Tally | None) -> FindingEntry:
    document = finding_document(found.finding)
    del document["statement_ids"]
    key, route = key_of(found.finding), json_safe(found.route) or OUTSIDE
    known = None if before is None else key in before.get(route, {"findings": {}})["findings"]
    place = found.finding.place
    told: FindingEntry = json_safe(
        {
            **document,
            "route": route,
            "place": place,
            "key": key,
            "times": found.times,
            "saves": found.finding.saved_statements,
        }
    )
    return {**told, "known": known}
