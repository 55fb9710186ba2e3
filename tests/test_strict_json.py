"""What is written as JSON is JSON, whatever a report holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from math import inf, nan
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st

from query_guard import Finding, QueryGuard
from query_guard.document.report import document
from query_guard.document.strict_json import json_safe, json_text
from query_guard.history.memory import MemoryHistory
from query_guard.pytest_plugin.entries import middleware_entry
from query_guard.pytest_plugin.outputs import write_outputs
from query_guard.pytest_plugin.settings import Settings
from query_guard.records import CallSite, Frame
from query_guard.testing.baseline import baseline_text, read_baseline
from query_guard.testing.outputs.sarif import sarif
from tests.patient import PATIENT
from tests.reports import report_with
from tests.runs import entry, run_of, told
from tests.serving import client_of

TOKEN = "a-token-of-good-length"
LONE = "caf\udce9"
SAFE = "caf\\udce9"
SITE = CallSite(1, (Frame(f"{LONE}.py", 31, LONE, 1),), "", False)
FINDING = Finding(LONE, "warning", f"{LONE} was slow", f"Mend {LONE}", site=SITE, relationship=LONE, saving=inf)


def refuse(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is no JSON")


def strictly(text: str) -> Any:
    """Read JSON as a strict reader does: UTF-8, and no number that is none."""
    return json.loads(text.encode("utf-8"), parse_constant=refuse)


def texts_of(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from (key, *texts_of(value))
    elif isinstance(data, list):
        for value in data:
            yield from texts_of(value)


@pytest.mark.parametrize(
    ("value", "safe"),
    [
        (LONE, SAFE),
        ("é \N{GRINNING FACE}", "é \N{GRINNING FACE}"),
        ([inf, -inf, nan, 1.5, 10**400], [None, None, None, 1.5, 10**400]),
        ({LONE: (1, True, None)}, {SAFE: [1, True, None]}),
        (Decimal("1.5"), "1.5"),
        (Path(LONE), SAFE),
    ],
)
def test_what_json_cannot_carry_is_written_as_it_can(value: Any, safe: Any) -> None:
    assert json_safe(value) == safe
    assert strictly(json_text(value)) == safe


def test_a_document_is_one_line_of_text_as_people_read_it_unless_it_is_indented() -> None:
    value = {"b": ["é", 1], "a": None}
    assert json_text(value) == '{"b":["é",1],"a":null}'
    assert json_text(value, sort_keys=True) == '{"a":null,"b":["é",1]}'
    assert json_text(value, indent=1) == '{\n "b": [\n  "é",\n  1\n ],\n "a": null\n}'


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@settings(PATIENT)
@given(VALUES)
def test_any_data_becomes_json(value: Any) -> None:
    assert strictly(json_text(value, indent=2)) == strictly(json_text(value)) == json_safe(value)


async def shown(app: FastAPI, path: str, accept: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {TOKEN}", "accept": accept}
    async with client_of(app) as client:
        return await client.get(f"/__query_guard__/api/{path}", headers=headers)


@pytest.mark.asyncio
async def test_the_debug_endpoint_shows_a_hostile_report() -> None:
    app, history = FastAPI(), MemoryHistory()
    app.add_middleware(QueryGuard, debug=True, debug_token=TOKEN, history=history)
    history.add(report_with(FINDING))
    report = strictly((await shown(app, "requests/latest", "application/json")).text)
    (finding,) = report["findings"]
    assert (finding["kind"], finding["file"], finding["saving_ms"]) == (SAFE, f"{SAFE}.py", None)
    (row,) = strictly((await shown(app, "requests", "application/json")).text)["requests"]
    assert row["findings"] == [SAFE]
    for path in ("routes", "statements", "pools", "allowances"):
        strictly((await shown(app, path, "application/json")).text)
    text = (await shown(app, "requests/latest", "text/plain")).text
    assert f"at {SAFE}.py:31 in {SAFE}" in text or "at caf\N{REPLACEMENT CHARACTER}.py:31" in text


def test_a_document_is_safe_by_itself() -> None:
    data = document(report_with(FINDING))
    assert data == json_safe(data)
    assert (data["findings"][0]["kind"], data["findings"][0]["saving_ms"]) == (SAFE, None)


def test_what_a_test_leaves_is_safe_before_it_travels_or_is_compared() -> None:
    (left,) = middleware_entry("a", [(f"GET /{LONE}", FINDING)])["findings"]
    assert (left["route"], left["file"], left["key"], left["saving_ms"]) == (
        f"GET /{SAFE}",
        f"{SAFE}.py",
        f"{SAFE} {SAFE}",
        None,
    )
    assert LONE not in [*texts_of(left)]


def test_every_file_of_a_run_can_be_written_and_read(tmp_path: Path) -> None:
    left = entry(LONE, told(kind=LONE, file=f"{LONE}.py", route=f"GET /{LONE}", summary=LONE, saving_ms=inf))
    names = ("run.json", "run.sarif", "run.md")
    written: list[str] = []
    settings = Settings(reports=tuple(tmp_path / name for name in names))
    assert write_outputs(settings, [left], written, complete=True)
    assert written == [f"wrote {name}" for name in names]
    run, log, page = [(tmp_path / name).read_text(encoding="utf-8") for name in names]
    assert strictly(run)["tests"][0]["findings"][0]["saving_ms"] is None
    assert strictly(log)["runs"][0]["results"][0]["ruleId"] == SAFE
    assert f"caf{chr(0xFFFD)} " in page


def test_sarif_takes_a_hostile_run() -> None:
    (result,) = strictly(sarif(run_of(entry("a", told(kind=LONE, file=f"{LONE}.py", key=LONE)))))["runs"][0]["results"]
    assert result["ruleId"] == SAFE


def test_a_baseline_is_read_as_it_was_written(tmp_path: Path) -> None:
    baseline = {LONE: {"GET /": {"statements": 1, "shapes": {LONE: 1}, "findings": {LONE: 1}}}}
    file = tmp_path / "baseline.json"
    file.write_text(baseline_text(baseline), encoding="utf-8")  # type: ignore[arg-type]  # a document of another shape
    assert read_baseline(file) == json_safe(baseline)
