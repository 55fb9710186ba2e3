"""Whatever stands in SQL, routes, names and reasons: nothing raises, and no line, field or header can be forged."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from query_guard.document.report import document
from query_guard.pytest_plugin.settings import Settings
from query_guard.pytest_plugin.summary import sections
from query_guard.records import CallSite, Finding, Frame, Loader, Report, Request, Silence
from query_guard.reporters.log import LogReporter
from query_guard.reporters.text import TextReporter
from query_guard.testing.baseline import baseline_text
from query_guard.testing.found import Found
from query_guard.testing.messages import budget_message, findings_message
from query_guard.testing.outputs.annotations import annotation_lines
from query_guard.testing.outputs.gathered import gathered
from query_guard.testing.outputs.markdown import markdown
from query_guard.testing.outputs.sarif import sarif
from query_guard.web.headers import report_headers
from tests.patient import PATIENT
from tests.reports import facts_of, report_with, statement
from tests.runs import entry, run_of, told

HOSTILE = [
    "\r\nx-forged: 1", "\n::error::forged", "\x1b[31mred", "\u202eright to left", "\ud800", "\udcff", "\u2028", "\x00",
    "| a | b |\n|---|", "<script>alert(1)</script>", "`x` [a](b) **b** @all #1 $x$", "x" * 10_240, "é", "\x85", "%0A",
    "kind='forged' severity=error", "::", ",", '"', "'", "\\", " ",
]  # fmt: skip
texts = (
    st.lists(st.sampled_from(HOSTILE) | st.text(st.characters(), max_size=8), min_size=1, max_size=3)
    .map("".join)
    .filter(bool)
)
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
ordinary = settings(
    PATIENT, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


def report_of(text: str) -> Report:
    """Return a report in which every text is hostile."""
    site = CallSite(1, (Frame(text, 3, text, 1), Frame(text, 4, "caller", 1)), "router", False)
    loader = Loader("lazy", text, text, True, (text,))
    row = statement(sql=text, site=site, loader=loader, error=text, operation=text)
    finding = Finding(
        kind=text, severity="warning", summary=text, fix=text, site=site, callers=(site,), relationship=text,
        remedy=text, statements=(1,), details=(text,), endpoint=text,
    )  # fmt: skip
    request = Request("http", text, text, text, 200)
    report = report_with(finding, facts=facts_of(row, request=request))
    report.silences = (Silence(text, text, site, 2, (1,)),)
    return report


def entry_of(text: str) -> Any:
    finding = told(
        kind=text, summary=text, fix=text, file=text, function=text, relationship=text, route=text, place=text,
        key=text, callers=[{"file": text, "line": 1, "function": text}],
    )  # fmt: skip
    change = {"route": text, "what": text, "before": 1, "after": 2}
    return {**entry(text, finding, changes=[change]), "stale": [text]}  # type: ignore[list-item]  # of any type


def printed(text: str) -> str:
    """Return the readable report as the reporter prints it."""
    stream = io.StringIO()
    TextReporter(stream)(report_of(text))
    return stream.getvalue()


def summarised(text: str) -> str:
    found = list(sections(Settings(mode="warn"), [entry_of(text)], [text]))
    return "\n".join(line for title, lines in found for line in [title, *lines])


LINES: dict[str, Callable[[str], str]] = {
    "text": printed,
    "findings": lambda text: findings_message([Found(text, report_of(text).findings[0], 2)]),
    "budget": lambda text: budget_message([report_of(text)]),
    "summary": summarised,
    "markdown": lambda text: markdown(run_of(entry_of(text), baseline=text)),
    "annotations": lambda text: "\n".join(annotation_lines(gathered([entry_of(text)]))),
}


@pytest.mark.parametrize("written", LINES.values(), ids=LINES.keys())
@ordinary
@given(text=texts)
def test_what_is_written_in_lines_has_as_many_lines_as_with_harmless_text(
    written: Callable[[str], str], text: str
) -> None:
    lines = written(text)
    assert CONTROLS.findall(lines) == []
    assert len(lines.split("\n")) == len(written("harmless").split("\n"))
    lines.encode()


@ordinary
@given(text=texts)
def test_a_cell_of_markdown_stays_a_cell(text: str) -> None:
    harmless, lines = (markdown(run_of(entry_of(one), baseline=one)).split("\n") for one in ("harmless", text))
    bars = [[len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in written] for written in (harmless, lines)]
    assert bars[0] == bars[1]
    assert not re.search(r"(?<!\\)(?:\\\\)*[<`*\[$]", "\n".join(lines))


@ordinary
@given(text=texts)
def test_an_annotation_is_one_command_with_its_own_properties(text: str) -> None:
    (line,) = annotation_lines(gathered([entry_of(text)]))
    command = re.fullmatch(r"::warning file=([^,:]*),line=(\d+),title=([^,:]*)::(.*)", line)
    assert command is not None
    assert command[2] == "31"


@ordinary
@given(text=texts)
def test_sarif_and_baseline_are_json_with_the_same_keys(text: str) -> None:
    for written in (sarif(run_of(entry_of(text))), baseline_text({text: entry_of(text)["routes"]})):
        json.loads(written.encode("utf-8", "backslashreplace"))
    (result,) = json.loads(sarif(run_of(entry_of(text))))["runs"][0]["results"]
    (harmless,) = json.loads(sarif(run_of(entry_of("harmless"))))["runs"][0]["results"]
    assert result.keys() == harmless.keys()
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].isascii()


@ordinary
@given(text=texts)
def test_the_json_of_a_report_has_the_same_keys(text: str) -> None:
    told, harmless = (json.loads(json.dumps(document(report_of(one)))) for one in (text, "harmless"))
    assert told.keys() == harmless.keys()
    assert told["findings"][0].keys() == harmless["findings"][0].keys()
    assert len(told["statements"]) == 1


@ordinary
@given(text=texts)
def test_headers_stay_headers(text: str) -> None:
    report = report_of(text)
    headers = report_headers(report.id, report.facts.numbers, report.findings)
    assert [name for name, _ in headers] == [
        b"x-query-count", b"x-query-time-ms", b"x-query-guard-id", b"server-timing", b"x-query-findings",
    ]  # fmt: skip
    assert re.fullmatch(rb"[a-z*][a-z0-9_\-.*]{0,64}=1", dict(headers)[b"x-query-findings"])
    assert all(re.fullmatch(rb"[\x20-\x7e]+", value) for _, value in headers)


@ordinary
@given(text=texts)
def test_a_log_record_is_one_line(text: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.clear()
    with caplog.at_level(logging.INFO, "query_guard"):
        LogReporter()(report_of(text))
    messages = [record.getMessage() for record in caplog.records if record.name == "query_guard"]
    assert [message.split(" ")[0] for message in messages] == ["query_guard.request", "query_guard.finding"]
    assert CONTROLS.findall("".join(messages)) == []
    assert all("\n" not in message for message in messages)
    assert all(len(message) <= 300 for message in messages)


@ordinary
@given(text=texts)
def test_a_structlog_event_is_one_line_with_its_own_keys(text: str) -> None:
    structlog.configure()
    try:
        with capture_logs() as events:
            LogReporter()(report_of(text))
        lines = [structlog.dev.ConsoleRenderer(colors=False)(None, "info", dict(event)) for event in events]
    finally:
        structlog.reset_defaults()
    assert [event["event"] for event in events] == ["query_guard.request", "query_guard.finding"]
    assert CONTROLS.findall("".join(map(str, lines))) == []
    assert all("\n" not in line for line in lines)
