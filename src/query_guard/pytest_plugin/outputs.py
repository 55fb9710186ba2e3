"""The files that a run writes at its end: its reports, and the baseline."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from query_guard.pytest_plugin.settings import Settings
from query_guard.testing.baseline import Baseline, baseline_text
from query_guard.testing.merging import FORMATS
from query_guard.testing.tallies import Entry, Run


def write_outputs(settings: Settings, entries: list[Entry], written: list[str], *, complete: bool) -> bool:
    """Write the files of the settings, and add a line on each to `written`; return whether all could be written."""
    texts = {path: FORMATS[path.suffix](run_of(settings, entries)) for path in settings.reports}
    messages = {path: f"wrote {path.name}" for path in texts}
    if settings.writes_baseline and settings.baseline is not None:
        if complete and any(entry["recorded"] for entry in entries):
            baseline = _baseline(settings.known or {}, entries)
            texts[settings.baseline] = baseline_text(baseline)
            messages[settings.baseline] = _baseline_message(settings.baseline, baseline, entries)
        else:
            reason = "no test was recorded" if complete else "the run was interrupted"
            written.append(f"{settings.baseline.name} was not written: {reason}")
    outcomes = [_write(path, text, messages[path], written) for path, text in texts.items()]
    return all(outcomes)


def _baseline(old_baseline: Baseline, entries: list[Entry]) -> Baseline:
    """Replace the entries of tests that passed; a test that failed may have ended before all its statements."""
    passed = {entry["test"]: entry["routes"] for entry in entries if entry["outcome"] == "passed"}
    return {test: routes for test, routes in {**old_baseline, **passed}.items() if routes}


def run_of(settings: Settings, entries: list[Entry]) -> Run:
    return {
        "version": version("fastapi-query-guard"),
        "baseline": settings.baseline.name if settings.baseline is not None else None,
        "tests": sorted(entries, key=lambda entry: entry["test"]),
    }


def _baseline_message(path: Path, baseline: Baseline, entries: list[Entry]) -> str:
    routes = [route for tally in baseline.values() for route in tally.values()]
    findings = sum(len(route["findings"]) for route in routes)
    ran = {entry["test"] for entry in entries}
    kept_tests = len([test for test in baseline if test not in ran])
    failed = len([entry for entry in entries if entry["outcome"] == "failed"])
    return (
        f"wrote {path.name}: {_counted(len(baseline), 'test')}, "
        f"{_counted(sum(route['statements'] for route in routes), 'statement')}, {_counted(findings, 'known finding')}"
        + (f"; kept {_counted(kept_tests, 'test')} that did not run" if kept_tests else "")
        + (f"; took nothing from {_counted(failed, 'test')} that failed" if failed else "")
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun if number == 1 else f'{noun}s'}"


def _write(path: Path, text: str, message: str, written: list[str]) -> bool:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        written.append(f"{path} could not be written: {error}")
        return False
    written.append(message)
    return True
