"""The page of each kind of finding is true: its example has the finding, the mended one has not."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncEngine

from query_guard import Finding, Report, defaults
from query_guard.detectors import ON_READS, OPT_IN, Detector
from query_guard.judge.listeners import listeners
from query_guard.testing import allow_in_process, record_queries
from tests.docs.pages import FINDINGS, KIND_PAGES, block, blocks, sections
from tests.docs.programs import call_endpoints, close, forget, import_as

pytestmark = [pytest.mark.once, pytest.mark.query_guard(mode="off")]

KINDS: dict[str, Detector] = {
    sys.modules[type(detector).__module__].KIND: detector for detector in (*defaults(), *OPT_IN)
}
BESIDES = {"stale_allowance"}
"""Kinds of findings that no detector finds."""
ON_A_SERVER = {"large_result", "pool_settings", "slow_statement"}
AT_ONCE = {"pool_wait": 3, "pool_timeout": 3}
"""How many requests the finding needs at the same time; the others need one."""
HEADINGS = ["What it means", "An example", "How to fix it", "When it is wrong", "How to say no"]

of_each_kind = pytest.mark.parametrize("page", KIND_PAGES, ids=[page.stem for page in KIND_PAGES])


def test_each_kind_has_a_page() -> None:
    assert [page.stem for page in KIND_PAGES] == sorted({*KINDS, *BESIDES})


def test_the_index_leads_to_each_page() -> None:
    linked = re.findall(r"\]\((\w+)\.md\)", (FINDINGS / "index.md").read_text())
    assert sorted(linked) == sorted({*KINDS, *BESIDES})


@of_each_kind
def test_a_page_has_its_sections(page: Path) -> None:
    assert page.read_text().startswith(f"# {page.stem}\n")
    assert [*sections(page)] == HEADINGS


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_page_says_the_thresholds(kind: str) -> None:
    detector: Any = KINDS[kind]
    own = [each for each in fields(detector) if each.init] if is_dataclass(detector) else []
    thresholds = ", ".join(f"{each.name}={each.default!r}" for each in own)
    assert f"Detector: `{type(detector).__name__}({thresholds})`." in (FINDINGS / f"{kind}.md").read_text()


@of_each_kind
@pytest.mark.usefixtures("database_url")
def test_each_example_has_its_finding(page: Path, folder: Path) -> None:
    examples = blocks(sections(page)["An example"])
    assert examples
    kinds = [{finding.kind for finding in found(each.code, folder, page.stem)} for each in examples]
    assert [each for each in kinds if page.stem not in each] == []


@of_each_kind
@pytest.mark.usefixtures("database_url")
def test_mended_each_example_has_no_finding(page: Path, folder: Path) -> None:
    examples = blocks(sections(page)["How to fix it"])
    assert examples
    assert [_found_in_all_attempts(each.code, folder, page.stem) for each in examples] == [set()] * len(examples)


def _found_in_all_attempts(code: str, folder: Path, kind: str) -> set[str]:
    """Return what is found at last, of up to five attempts: a machine may stand still, but not in all of them."""
    kinds = {kind}
    for _ in range(5):
        if kinds:
            kinds = {each.kind for each in found(code, folder, kind) if each.is_loud or each.kind == kind}
    return kinds


@of_each_kind
@pytest.mark.usefixtures("database_url")
def test_what_a_page_says_to_allow_silences_its_example(page: Path, folder: Path) -> None:
    patterns = re.findall(r"`\"([^`]+)\"`", sections(page)["How to say no"])
    assert bool(patterns) == (page.stem not in BESIDES)
    for pattern in patterns:
        with allow_in_process((pattern,)) as (allowance,):
            findings = found(blocks(sections(page)["An example"])[0].code, folder, page.stem)
        assert page.stem not in {finding.kind for finding in findings}
        assert allowance.matched > 0


def found(code: str, folder: Path, kind: str) -> list[Finding]:
    """Run an example beside the shop, call each of its endpoints, and return what is found.

    The connections that filled the shop are closed before, so that the requests make their own.
    """
    forget("example")
    shop = import_as("shop.py", block("findings/index.md", "shop.py", "python"), folder)
    example = import_as("example.py", code, folder)
    close(shop)
    with _watched(kind) as findings:
        if "app" in example:
            asyncio.run(_call(example, AT_ONCE.get(kind, 1)))
    if "recording" in example:
        findings += example["recording"].findings
    return findings


async def _call(example: dict[str, Any], at_once: int) -> None:
    await call_endpoints(example["app"], at_once)
    for value in vars(sys.modules["shop"]).values():
        if isinstance(value, AsyncEngine):
            await value.dispose()


@contextmanager
def _watched(kind: str) -> Iterator[list[Finding]]:
    """Gather findings as the middleware reports them, or, for those that need to know what is read, as a test does."""
    findings: list[Finding] = []
    if type(KINDS.get(kind)) in map(type, ON_READS):
        with record_queries(reads=True) as recording:
            yield findings
        findings += recording.findings
        return

    def listen(report: Report) -> None:
        findings.extend(report.findings)

    listeners.append(listen)
    try:
        yield findings
    finally:
        listeners.remove(listen)


@pytest.fixture
def database_url(page: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give the shop an empty database of a server, for the kinds that need one."""
    if page.stem not in ON_A_SERVER:
        yield
        return
    url = request.getfixturevalue("postgres_url").replace("postgresql:", "postgresql+psycopg:")
    administrator = create_engine(url, isolation_level="AUTOCOMMIT")
    with administrator.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS docs_shop WITH (FORCE)"))
        connection.execute(text("CREATE DATABASE docs_shop"))
    shop_url = administrator.url.set(database="docs_shop")
    monkeypatch.setenv("DATABASE_URL", shop_url.render_as_string(hide_password=False))
    yield
    administrator.dispose()
