"""The tables of the reference list what there is."""

from __future__ import annotations

import inspect
import re
import sys
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from query_guard import Facts, Finding, QueryGuard, Report, defaults, record
from query_guard.debug.own_figures import own_document
from query_guard.detectors import OPT_IN
from query_guard.document.change import change_document
from query_guard.document.connections import holder_document
from query_guard.document.report import document
from query_guard.history.memory import MemoryHistory
from query_guard.judge.own_cost import OwnCost
from query_guard.pytest_plugin.options import add_options
from query_guard.records import NOWHERE, Change, Engine, Holder, Numbers, Request
from query_guard.reporters.log import LogReporter
from query_guard.web.headers import report_headers
from tests.docs.pages import DOCS, names_in_table, sections

pytestmark = pytest.mark.once

REFERENCE = DOCS / "reference"
REQUEST = Request("http", "GET", "/", "/", 200)
CHANGE = Change(0.0, 101, 2)
HOLDER = Holder(1, "GET /", NOWHERE, 1.0, 1.0, "idle", suspected=False)
FINDING = Finding("n_plus_one", "warning", "summary", "fix")


def test_the_json_of_a_report_is_described() -> None:
    report = _document_with_one_of_everything()
    parts = {
        "report": report,
        "change": change_document(Report("id", 0.0, Facts(REQUEST, 0.1, ()), change=CHANGE)),
        "finding": report["findings"][0],
        "silence": report["silences"][0],
        "statement": report["statements"][0],
        "checkout": report["checkouts"][0],
        "holder": holder_document(HOLDER),
        "transaction": report["transactions"][0],
        "pool": report["pools"][0],
    }
    described = {name: sorted(names_in_table(REFERENCE / "json.md", name)) for name in parts}
    assert described == {name: sorted(part or ()) for name, part in parts.items()}


def _document_with_one_of_everything() -> dict[str, Any]:
    engine = create_engine("sqlite://")
    with record("block") as recording, engine.begin() as connection:
        for _ in range(3):
            connection.execute(text("SELECT 1"))
    engine.dispose()
    return document(recording.report)


def test_what_the_guard_says_of_itself_is_described() -> None:
    described = names_in_table(REFERENCE / "debug-endpoint.md", "What the guard itself takes")
    assert described == [*own_document(OwnCost(), MemoryHistory())]


def test_the_log_events_are_described(caplog: pytest.LogCaptureFixture) -> None:
    log = LogReporter()
    with caplog.at_level("INFO", "query_guard"):
        log(Report("id", 0.0, Facts(REQUEST, 0.1, ()), (FINDING,), change=CHANGE))
        for doing in ("idle", "then collected"):
            log.suspect(HOLDER._replace(doing=doing), Engine(1, "sqlite+pysqlite", "sqlite", is_server=False))
    logged = [sorted(vars(each)["query_guard"]) for each in caplog.records]
    events = ("request", "change", "finding", "leak_suspected", "connection_collected")
    described = [sorted([*names_in_table(REFERENCE / "log.md", name), "pid"]) for name in events]
    assert described == logged


def test_the_headers_are_described_by_an_example() -> None:
    numbers = Numbers(11, 0.00214, 1, 0.0001, 0.0073, 1, 5, 0)
    slow = Finding("slow_statement", "warning", "summary", "fix")
    headers = report_headers("4172948b1f186a9e", numbers, (FINDING, slow, slow))
    rows = re.findall(r"^\| `(\S+)` \| `(.+?)` \|", (REFERENCE / "headers.md").read_text(), re.MULTILINE)
    assert {name.lower(): example for name, example in rows} == {
        name.decode(): value.decode() for name, value in headers
    }


def test_every_option_is_described_with_its_type_and_default() -> None:
    arguments = inspect.cleandoc(QueryGuard.__doc__ or "").partition("Args:\n")[2].partition("\nRaises:")[0]
    parts = re.split(r"^ {4}(\w+) \(.+?\): ", arguments, flags=re.MULTILINE)
    described = {name: " ".join(said.split()) for name, said in zip(parts[1::2], parts[2::2], strict=True)}
    options = {name: each for name, each in inspect.signature(QueryGuard).parameters.items() if name != "app"}
    assert [*described] == ["app", *options]
    assert [name for name, each in options.items() if f"Default: `{each.default!r}`" not in described[name]] == []


def test_each_detector_has_its_entry_and_leads_to_its_kind() -> None:
    entries = (REFERENCE / "detectors.md").read_text().split("\n::: query_guard.detectors.")[1:]
    kinds = {entry.split()[0]: re.findall(r"\(\.\./findings/(\w+)\.md\)", entry) for entry in entries}
    del kinds["Detector"]
    assert kinds == {
        type(detector).__name__: [sys.modules[type(detector).__module__].KIND] for detector in (*defaults(), *OPT_IN)
    }


def test_the_options_of_pytest_are_described() -> None:
    parser = pytest.Parser(_ispytest=True)
    add_options(parser)
    described = re.findall(r"`(--[a-z-]+)", sections(REFERENCE / "pytest.md")["Options"])
    assert {*described} == {name for option in parser.getgroup("query_guard").options for name in option.names()}
