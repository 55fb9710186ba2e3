"""What fails a test at its end: its marker's limits, the application's budgets, findings, growth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from query_guard.pytest_plugin.entries import Part, key_of, parts_of
from query_guard.pytest_plugin.limits import Limits
from query_guard.pytest_plugin.middleware_reports import MiddlewareReports
from query_guard.pytest_plugin.settings import Settings
from query_guard.recording import Recording
from query_guard.records import Statement, grouped
from query_guard.testing.baseline import STATEMENTS, grown
from query_guard.testing.found import found_in, gathered
from query_guard.testing.kinds import fails, kind_fails
from query_guard.testing.messages import (
    budget_message,
    count_message,
    findings_message,
    found_lines,
    own_errors_message,
    query_time,
    refusal_message,
    shape_lines,
    time_message,
)
from query_guard.testing.tallies import Change, Entry, Tally


def verdict(
    settings: Settings,
    middleware_reports: MiddlewareReports,
    limits: Limits,
    recording: Recording | None,
    entry: Entry | None,
) -> str:
    """Return what is wrong with the statements of a test, or an empty text.

    A baseline takes the place of budgets and findings: what it contains is tolerated, and what is new has grown. Where
    a QueryGuard was refused, the text says only that: nothing else was judged rightly.
    """
    if middleware_reports.refusals and settings.listens:
        return refusal_message(middleware_reports.refusals)
    texts: list[str] = []
    holds = settings.listens and (settings.mode == "fail" or (settings.holds_baseline and settings.mode != "warn"))
    if recording is not None and recording.own_errors and (limits.are_set or holds):
        texts.append(own_errors_message(recording))
    if recording is not None:
        texts += _beyond(limits, recording)
    if not settings.listens:
        return "\n\n".join(texts)
    if settings.baseline is None:
        routes = grouped(middleware_reports.over_budget, lambda report: report.request.name)
        texts += [budget_message(reports) for reports in routes.values()]
        if recording is not None and settings.mode == "fail" and not texts:
            texts += _findings(recording, settings)
    elif recording is not None and entry is not None and settings.holds_baseline and settings.mode != "warn":
        texts += _growth(settings, entry, recording)
    return "\n\n".join(texts)


def _beyond(limits: Limits, recording: Recording) -> Iterator[str]:
    if limits.max_queries is not None and recording.query_count > limits.max_queries:
        yield count_message(f"at most {limits.max_queries}", recording)
    if limits.max_time is not None and query_time(recording) > limits.max_time:
        yield time_message(limits.max_time, recording)


def _findings(recording: Recording, settings: Settings) -> list[str]:
    found = [candidate for candidate in found_in(recording) if fails(candidate.finding, settings.fail_on)]
    return [findings_message(found)] if found else []


def _growth(settings: Settings, entry: Entry, recording: Recording) -> list[str]:
    growth = [change for change in grown(entry["changes"] or []) if _fails(change, settings)]
    before = (settings.known or {}).get(entry["test"])
    return [growth_message(settings.baseline, growth, recording, before)] if growth and settings.baseline else []


def _fails(change: Change, settings: Settings) -> bool:
    """Whether a figure that grew fails the test: the number of statements, or a finding of a kind that fails."""
    kind = change["what"].partition(" ")[0]
    return change["what"] == STATEMENTS or kind_fails(kind, settings.fail_on)


def growth_message(baseline: Path, growth: Sequence[Change], recording: Recording, before: Tally | None) -> str:
    """Say what grew, its numbers before and now, its lines, and the fix."""
    lines = [f"expected no more than {baseline.name} knows, got more:"]
    parts = grouped(parts_of(recording), lambda part: part.route)
    for route, changes in grouped(growth, lambda change: change["route"]).items():
        lines += [f"  {route}: {change['before']} -> {change['after']} {change['what']}" for change in changes]
        if any(change["what"] == STATEMENTS for change in changes):
            lines += _shapes_that_grew(parts[route], (before or {})[route]["shapes"])
        keys = {change["what"] for change in changes}
        pairs = [(part.route, finding) for part in parts[route] for finding in part.findings if key_of(finding) in keys]
        lines += [line for found in gathered(pairs) for line in found_lines(found)]
    if before is None:
        lines.append(f"  this test is not in {baseline.name}, so that none of its findings is known")
    return "\n".join([*lines, "  if this is meant: run it again with --query-guard-update-baseline"])


def _shapes_that_grew(parts: Sequence[Part], before: dict[str, int]) -> list[str]:
    rows: dict[str, list[Statement]] = grouped((row for part in parts for row in part.statements), lambda row: row.sql)
    grown_shapes = [(before.get(sql, 0), sent) for sql, sent in rows.items() if len(sent) > before.get(sql, 0)]
    grown_shapes.sort(key=lambda pair: pair[0] - len(pair[1]))
    return [line for number, sent in grown_shapes for line in shape_lines(f"{number} -> {len(sent)}", sent[0])]
