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
from query_guard.testing.outputs.gathered import Gathered, gathered
from query_guard.testing.tallies import Change, Entry

_ENTRIES, _NAMES = 20, 3


def sections(settings: Settings, entries: list[Entry], written: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield titles and lines; nothing where there is nothing to say."""
    for title, lines in _sections(settings, entries, written):
        yield printable(title), [printable(line) for line in lines]


def _sections(settings: Settings, entries: list[Entry], written: list[str]) -> Iterator[tuple[str, list[str]]]:
    causes = gathered(entries)
    listed_here = _listed(causes, settings)
    if listed_here:
        yield _title(settings), _shortened([_lines(one, settings) for one in listed_here])
    stale = sorted(f"{entry['test']}: {pattern!r}" for entry in entries for pattern in entry["stale"])
    stale += [f"query_guard_allow: {pattern!r}" for pattern in _unused(settings, entries)]
    if stale:
        yield "query_guard: allowances that matched nothing", _shortened([[line] for line in stale])
    failed = sorted(f"{entry['test']}: {listed(errors)}" for entry in entries if (errors := entry["own_errors"]))
    if failed:
        yield HEAD, [*_shortened([[line] for line in failed]), WHERE]
    if settings.holds_baseline:
        yield from _against_baseline(settings, entries)
    said = [*written, *_nothing_recorded(settings, entries)]
    if said:
        yield "query_guard", said
    if os.environ.get("GITHUB_ACTIONS") == "true" and settings.listens:
        lines = annotation_lines(causes, _directory())
        if lines:
            yield "query_guard: annotations", lines


def _listed(causes: list[Gathered], settings: Settings) -> list[Gathered]:
    """Return what the summary lists: all where no test fails by it, and else what fails none, as it measures time."""
    if settings.holds_baseline:
        return []
    if settings.mode != "fail":
        return causes
    return [one for one in causes if not kind_fails(one.finding["kind"], settings.fail_on)]


def _unused(settings: Settings, entries: Iterable[Entry]) -> list[str]:
    """Return the allowances of the whole suite that no test made use of, where the whole suite ran."""
    if not settings.runs_all:
        return []
    used = {pattern for entry in entries for pattern in entry["used"]}
    return [one.pattern for one in settings.allow if one.pattern not in used]


def _directory() -> str:
    """Lead from the root of the repository, which GitHub's paths start from, to where the tests run."""
    root = os.environ.get("GITHUB_WORKSPACE", "")
    inside = root and os.getcwd().startswith(root.rstrip(os.sep) + os.sep)
    return os.path.relpath(os.getcwd(), root) if inside else ""


def _title(settings: Settings) -> str:
    found = "findings of the tests" if settings.records else "findings of the application's middleware"
    return f"query_guard: {found}"


def _lines(one: Gathered, settings: Settings) -> list[str]:
    finding = one.finding
    tests = "1 test" if len(one.tests) == 1 else f"{len(one.tests)} tests"
    times = "once" if one.times == 1 else f"{one.times} times"
    subject = f" {finding['relationship']}" if finding["relationship"] else ""
    saves = f"; mending it saves {one.saves} statements" if one.saves else ""
    callers = list(dict.fromkeys(f"{caller['file']}:{caller['line']}" for caller in one.callers))
    lines = [f"{finding['kind']}{subject} {one.where} at {finding['place']}: {times} in {tests}{saves}"]
    if settings.mode in ("warn", "fail"):
        lines.append(f"    fix: {finding['fix']}")
        lines += [f"    on {_some(one.routes)}"] if len(one.routes) > 1 else []
        lines += [f"    called from {_some(callers)}"] if callers else []
        lines.append(f"    in {_some(one.tests)}")
    return lines


def _some(names: list[str]) -> str:
    more = len(names) - _NAMES
    return ", ".join(names[:_NAMES]) + (f" and {more} more" if more > 0 else "")


def _against_baseline(settings: Settings, entries: Iterable[Entry]) -> Iterator[tuple[str, list[str]]]:
    name = settings.baseline.name if settings.baseline is not None else ""
    passed = [entry for entry in entries if entry["outcome"] == "passed"]
    more = [_change(entry, change) for entry in passed for change in grown(entry["changes"] or [])]
    less = [_change(entry, change) for entry in passed for change in shrunk(entry["changes"] or [])]
    new = [entry["test"] for entry in passed if entry["routes"] and entry["test"] not in (settings.known or {})]
    if more:
        yield f"query_guard: more than {name} knows", _shortened([[line] for line in more])
    if less:
        hint = "--query-guard-update-baseline tightens it"
        yield f"query_guard: less than {name} allows", [*_shortened([[line] for line in less]), hint]
    if new:
        hint = "--query-guard-update-baseline adds them"
        yield f"query_guard: tests that are not in {name}", [*_shortened([[line] for line in new]), hint]


def _change(entry: Entry, change: Change) -> str:
    return f"{entry['test']}: {change['route']}: {change['before']} -> {change['after']} {change['what']}"


def _nothing_recorded(settings: Settings, entries: Iterable[Entry]) -> Iterator[str]:
    recorded = [entry for entry in entries if entry["recorded"]]
    if recorded and not any(route["statements"] for entry in recorded for route in entry["routes"].values()):
        given = f"--query-guard={settings.mode}" if settings.mode else "recording"
        tests = "1 test" if len(recorded) == 1 else f"{len(recorded)} tests"
        unseen = sum(entry["saw_nothing"] for entry in recorded)
        seen = "nothing could be seen" if unseen == len(recorded) else "no statement was recorded"
        yield f"{given}, but {seen} in {tests}: is the engine used in this process?"


def _shortened(entries: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of the first entries: none is cut in two."""
    lines = [line for entry in entries[:_ENTRIES] for line in entry]
    return [*lines, f"and {len(entries) - _ENTRIES} more"] if len(entries) > _ENTRIES else lines
