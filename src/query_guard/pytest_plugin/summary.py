"""What the terminal says at the end of a run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from query_guard.own_errors import HEAD, WHERE, listed
from query_guard.pytest_plugin.settings import Settings
from query_guard.reporters.text import printable
from query_guard.testing.baseline import grown, shrunk
from query_guard.testing.kinds import kind_fails
from query_guard.testing.outputs.annotations import annotation_lines
from query_guard.testing.outputs.gathered import Gathered, gathered, tried_text
from query_guard.testing.tallies import Change, Entry

_ENTRIES, _NAMES = 20, 3


def sections(settings: Settings, entries: list[Entry], written: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the title and the lines of each section that is not empty."""
    for title, lines in _sections(settings, entries, written):
        yield printable(title), [printable(line) for line in lines]


def _sections(settings: Settings, entries: list[Entry], written: list[str]) -> Iterator[tuple[str, list[str]]]:
    causes = gathered(entries)
    listed_here = _listed(causes, settings)
    if listed_here:
        yield _title(settings), _shortened([_lines(cause, settings) for cause in listed_here])
    stale = sorted(f"{entry['test']}: {pattern!r}" for entry in entries for pattern in entry["stale"])
    stale += [f"query_guard_allow: {pattern!r}" for pattern in _unused(settings, entries)]
    if stale:
        yield "query_guard: allowances that matched nothing", _shortened([[line] for line in stale])
    failed = sorted(f"{entry['test']}: {listed(errors)}" for entry in entries if (errors := entry["own_errors"]))
    if failed:
        yield HEAD, [*_shortened([[line] for line in failed]), WHERE]
    if settings.holds_baseline:
        yield from _against_baseline(settings, entries)
    messages = [*written, *_nothing_recorded(settings, entries)]
    if messages:
        yield "query_guard", messages
    if os.environ.get("GITHUB_ACTIONS") == "true" and settings.listens:
        lines = annotation_lines(causes, _directory())
        if lines:
            yield "query_guard: annotations", lines


def _listed(causes: list[Gathered], settings: Settings) -> list[Gathered]:
    """Return the causes that the summary lists: in mode fail, only those that fail no test, since they measure time."""
    if settings.holds_baseline:
        return []
    if settings.mode != "fail":
        return causes
    return [cause for cause in causes if not kind_fails(cause.finding["kind"], settings.fail_on)]


def _unused(settings: Settings, entries: Iterable[Entry]) -> list[str]:
    """Return the allowances of the whole suite that matched nothing, where the whole suite ran."""
    if not settings.runs_all:
        return []
    used = {pattern for entry in entries for pattern in entry["used"]}
    return [allowance.pattern for allowance in settings.allow if allowance.pattern not in used]


def _directory() -> str:
    """Return the path from the root of the repository, where GitHub's paths start, to the working directory."""
    root = os.environ.get("GITHUB_WORKSPACE", "")
    inside = root and os.getcwd().startswith(root.rstrip(os.sep) + os.sep)
    return os.path.relpath(os.getcwd(), root) if inside else ""


def _title(settings: Settings) -> str:
    found = "findings of the tests" if settings.records else "findings of the application's middleware"
    return f"query_guard: {found}"


def _lines(cause: Gathered, settings: Settings) -> list[str]:
    finding = cause.finding
    tests = "1 test" if len(cause.tests) == 1 else f"{len(cause.tests)} tests"
    times = "once" if cause.times == 1 else f"{cause.times} times"
    subject = f" {finding['relationship']}" if finding["relationship"] else ""
    saves = f"; the fix saves {cause.saves} statements" if cause.saves else ""
    callers = list(dict.fromkeys(f"{caller['file']}:{caller['line']}" for caller in cause.callers))
    lines = [f"{finding['kind']}{subject} {cause.where} at {finding['place']}: {times} in {tests}{saves}"]
    if settings.mode in ("warn", "fail"):
        lines.append(f"    fix: {finding['fix']}")
        lines += [f"    {tried_text(finding)}"] if finding.get("tried") else []
        lines += [f"    on {_first_names(cause.routes)}"] if len(cause.routes) > 1 else []
        lines += [f"    called from {_first_names(callers)}"] if callers else []
        lines.append(f"    in {_first_names(cause.tests)}")
    return lines


def _first_names(names: list[str]) -> str:
    others = len(names) - _NAMES
    return ", ".join(names[:_NAMES]) + (f" and {others} more" if others > 0 else "")


def _against_baseline(settings: Settings, entries: Iterable[Entry]) -> Iterator[tuple[str, list[str]]]:
    name = settings.baseline.name if settings.baseline is not None else ""
    passed = [entry for entry in entries if entry["outcome"] == "passed"]
    grown_lines = [_change(entry, change) for entry in passed for change in grown(entry["changes"] or [])]
    shrunk_lines = [_change(entry, change) for entry in passed for change in shrunk(entry["changes"] or [])]
    new_tests = [entry["test"] for entry in passed if entry["routes"] and entry["test"] not in (settings.known or {})]
    if grown_lines:
        yield f"query_guard: more than {name} knows", _shortened([[line] for line in grown_lines])
    if shrunk_lines:
        hint = "--query-guard-update-baseline tightens it"
        yield f"query_guard: less than {name} allows", [*_shortened([[line] for line in shrunk_lines]), hint]
    if new_tests:
        hint = "--query-guard-update-baseline adds them"
        yield f"query_guard: tests that are not in {name}", [*_shortened([[line] for line in new_tests]), hint]


def _change(entry: Entry, change: Change) -> str:
    return f"{entry['test']}: {change['route']}: {change['before']} -> {change['after']} {change['what']}"


def _nothing_recorded(settings: Settings, entries: Iterable[Entry]) -> Iterator[str]:
    recorded = [entry for entry in entries if entry["recorded"]]
    if recorded and not any(route["statements"] for entry in recorded for route in entry["routes"].values()):
        option = f"--query-guard={settings.mode}" if settings.mode else "recording"
        tests = "1 test" if len(recorded) == 1 else f"{len(recorded)} tests"
        without_activity = sum(entry["saw_nothing"] for entry in recorded)
        consequence = "nothing could be seen" if without_activity == len(recorded) else "no statement was recorded"
        yield f"{option}, but {consequence} in {tests}: is the engine used in this process?"


def _shortened(entries: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of the first entries, each entry whole."""
    lines = [line for entry in entries[:_ENTRIES] for line in entry]
    return [*lines, f"and {len(entries) - _ENTRIES} more"] if len(entries) > _ENTRIES else lines
