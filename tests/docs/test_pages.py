"""The other pages are true: their Python runs, and what they show is what one sees."""

from __future__ import annotations

import asyncio
import importlib
import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from query_guard import Report
from query_guard.judge.listeners import listeners
from query_guard.reporters.text import render
from tests.docs.pages import DOCS, KIND_PAGES, PAGES, block, blocks
from tests.docs.programs import call_endpoints, close, import_as, pytest_in

pytestmark = [pytest.mark.once, pytest.mark.query_guard(mode="off")]

of_each_page = pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(DOCS)) for page in PAGES])


@of_each_page
def test_a_page_is_a_program_that_runs(page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks with a title are files, and those of tests are run; the others run one after another."""
    program = ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", program)
    has_tests = False
    for each in blocks(page.read_text()):
        if each.title is None:
            exec(compile(each.code, str(page), "exec"), vars(program))
        elif each.title.startswith("test_"):
            has_tests = True
            (folder / each.title).write_text(each.code)
        else:
            import_as(each.title, each.code, folder)
    close(vars(program))
    if has_tests:
        done = pytest_in(folder)
        assert done.returncode == 0, done.stdout


def tutorial(folder: Path, *, mended: bool) -> None:
    for name, number in (("models.py", 0), ("app.py", int(mended)), ("test_app.py", 0)):
        (folder / name).write_text(block("tutorial.md", name, "python", number))


def test_the_report_of_the_tutorial_is_what_one_sees(folder: Path) -> None:
    tutorial(folder, mended=False)
    reports: list[Report] = []
    listeners.append(reports.append)
    try:
        asyncio.run(call_endpoints(importlib.import_module("app").app))
    finally:
        listeners.remove(reports.append)
    (report,) = reports
    assert _lasting(render(report)) == _lasting(block("tutorial.md", "report"))


def _lasting(text: str) -> list[str]:
    """Put a sign for what differs from run to run, times, savings and ids; and of two shapes either may take longer."""
    text = re.sub(r" and saves about \d+ ms", "", text)
    text = re.sub(r" *\d+\.\d ms", " ~ ms", text)
    return sorted(re.sub(r"report [0-9a-f]{16}", "report ~", text).splitlines())


def test_the_failure_of_the_tutorial_is_what_one_sees(folder: Path) -> None:
    tutorial(folder, mended=False)
    done = pytest_in(folder)
    assert done.returncode == 1
    assert _printed(block("tutorial.md", "failure"), done.stdout), done.stdout


def test_the_baseline_is_what_is_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)  # where a baseline that is missing is an error
    tutorial(folder, mended=True)
    done = pytest_in(folder, "--query-guard-baseline", "query-baseline.json")
    assert done.returncode == 0, done.stdout
    written = json.loads((folder / "query-baseline.json").read_text())
    assert written == json.loads(block("how-to/ci-ratchet.md", "baseline", "json"))


def test_the_growth_is_what_one_sees(folder: Path) -> None:
    tutorial(folder, mended=False)
    (folder / "query-baseline.json").write_text(block("how-to/ci-ratchet.md", "baseline", "json"))
    test = block("tutorial.md", "test_app.py", "python").replace("assert_max_queries(2)", "assert_max_queries(9)")
    (folder / "test_app.py").write_text(test)
    done = pytest_in(folder, "--query-guard-baseline", "query-baseline.json")
    assert done.returncode == 1
    assert _printed(block("how-to/ci-ratchet.md", "growth"), done.stdout), done.stdout


def _printed(text: str, output: str) -> bool:
    """Whether lines stand one after another in an output, however far they are indented."""
    lines = [line.strip() for line in text.splitlines()]
    printed = [re.sub(r"^E +", "", line).strip() for line in output.splitlines()]
    return any(printed[start : start + len(lines)] == lines for start in range(len(printed)))


def test_each_figure_of_the_cost_is_measured() -> None:
    measured = (DOCS / "performance.md").read_text()
    shown = (DOCS / "explanation" / "cost.md").read_text()
    figures = re.findall(r"\| ([\d.]+ (?:us|%|x floor)) \|$", shown, re.MULTILINE)
    assert figures
    assert [figure for figure in figures if f"| {figure} (" not in measured] == []
    ratios = re.findall(r"\| ([\d.]+) x bare \|$", shown, re.MULTILINE)
    served = measured.partition("## Instructions of a served request")[2].partition("## ")[0]
    assert ratios
    assert [ratio for ratio in ratios if f" {ratio}x |" not in served] == []


def test_each_test_that_a_promise_names_is_there() -> None:
    named = re.findall(r"`(tests/[\w/.]+)`", (DOCS / "explanation" / "promises.md").read_text())
    assert named
    assert [path for path in named if not (DOCS.parent / path).exists()] == []


def test_each_page_is_in_the_navigation() -> None:
    navigation = re.findall(r"\"([\w/-]+\.md)\"", (DOCS.parent / "zensical.toml").read_text())
    assert sorted(navigation) == sorted(str(page.relative_to(DOCS)) for page in (*PAGES, *KIND_PAGES))
