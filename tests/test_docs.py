"""The documentation is true: its Python runs, each example has its finding, and mended it has none."""

from __future__ import annotations

import asyncio
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.ext.asyncio import AsyncEngine

import query_guard
from query_guard import Finding, Report, detectors
from query_guard.detectors import ON_READS, OPT_IN
from query_guard.listeners import listeners
from query_guard.testing import allow_in_process, record_queries

pytestmark = [pytest.mark.once, pytest.mark.query_guard(mode="off")]

DOCS = Path(__file__).parent.parent / "docs"
FINDINGS = DOCS / "findings"
PAGES = sorted(path for path in DOCS.rglob("*.md") if path.parent != FINDINGS)
KIND_PAGES = sorted(path for path in FINDINGS.glob("*.md") if path.stem != "index")

MODULES = {module.KIND: module for module in (sys.modules[type(d).__module__] for d in (*query_guard.defaults(), *OPT_IN))}
BESIDES = {"stale_allowance"}
"""Kinds of findings that no detector finds."""

ON_A_SERVER = {"large_result", "pool_settings", "slow_statement"}
AT_ONCE = {"pool_wait": 3, "pool_timeout": 3}
"""How many requests the finding needs at the same time; the others need one."""

_BLOCK = re.compile(r"^(<!-- fragment: [^\n]+ -->\n)?```python(?: title=\"(?P<title>[^\"]+)\")?\n(?P<code>.*?)^```", re.M | re.S)


class Block(NamedTuple):
    title: str | None
    code: str
    is_fragment: bool


def blocks(markdown: str) -> list[Block]:
    return [Block(match["title"], match["code"], match[1] is not None) for match in _BLOCK.finditer(markdown)]


def sections(page: Path) -> dict[str, str]:
    """Return the text under each heading of the second level."""
    parts = re.split(r"^## (.+)\n", page.read_text(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


SHOP = next(block for block in blocks((FINDINGS / "index.md").read_text()) if block.title == "shop.py")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give an empty working directory from which modules are imported, and close what they leave open."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    before = {*sys.modules}
    yield tmp_path
    for name in [name for name, module in [*sys.modules.items()] if name not in before and _is_in(module, tmp_path)]:
        close(vars(sys.modules.pop(name)))


def _is_in(module: ModuleType, folder: Path) -> bool:
    return (getattr(module, "__file__", None) or "").startswith(str(folder))


def close(names: dict[str, Any]) -> None:
    for value in [*names.values()]:
        if isinstance(value, Engine):
            value.dispose()
        elif isinstance(value, AsyncEngine):
            asyncio.run(value.dispose())


# The kinds of findings


def found(code: str, folder: Path, kind: str) -> list[Finding]:
    """Run an example beside the shop, call each of its endpoints, and return what is found."""
    (folder / "shop.py").write_text(SHOP.code)
    (folder / "example.py").write_text(code)
    importlib.invalidate_caches()
    example = vars(importlib.import_module("example"))
    with _watched(kind) as findings:
        asyncio.run(call_endpoints(example.get("app"), AT_ONCE.get(kind, 1), example))
    if "recording" in example:
        findings += example["recording"].findings
    for name in ("example", "shop"):
        close(vars(sys.modules.pop(name)))
    return findings


@contextmanager
def _watched(kind: str) -> Iterator[list[Finding]]:
    """Gather findings as the middleware reports them, or, for those that need to know what is read, as a test does."""
    findings: list[Finding] = []
    if any(MODULES.get(kind) is sys.modules[type(detector).__module__] for detector in ON_READS):
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


async def call_endpoints(app: FastAPI | None, at_once: int, example: dict[str, Any]) -> None:
    routes = [route for route in app.routes if isinstance(route, APIRoute)] if app is not None else []
    transport = httpx.ASGITransport(app, raise_app_exceptions=False) if app is not None else None
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        for route in routes:
            path = re.sub(r"\{\w+\}", "1", route.path)
            await asyncio.gather(*[client.request(min(route.methods), path) for _ in range(at_once)])
    for value in example.values():
        if isinstance(value, AsyncEngine):
            await value.dispose()


@pytest.fixture
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give a database of a server, for the kinds that need one."""
    kind = request.node.callspec.params["page"].stem
    if kind not in ON_A_SERVER:
        yield
        return
    url = request.getfixturevalue("postgres_url").replace("postgresql:", "postgresql+psycopg:")
    administrator = create_engine(url, isolation_level="AUTOCOMMIT")
    with administrator.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS docs_shop WITH (FORCE)"))
        connection.execute(text("CREATE DATABASE docs_shop"))
    monkeypatch.setenv("DATABASE_URL", str(administrator.url.set(database="docs_shop").render_as_string(False)))
    yield
    administrator.dispose()


of_each_kind = pytest.mark.parametrize("page", KIND_PAGES, ids=[page.stem for page in KIND_PAGES])


def test_each_kind_has_a_page() -> None:
    assert [page.stem for page in KIND_PAGES] == sorted({*MODULES, *BESIDES})


@of_each_kind
@pytest.mark.usefixtures("server")
def test_each_example_has_its_finding(page: Path, folder: Path) -> None:
    examples = blocks(sections(page)["An example"])
    assert examples
    for example in examples:
        kinds = {finding.kind for finding in found(example.code, folder, page.stem)}
        assert page.stem in kinds


@of_each_kind
@pytest.mark.usefixtures("server")
def test_mended_each_example_has_no_finding(page: Path, folder: Path) -> None:
    examples = blocks(sections(page)["How to mend it"])
    assert examples
    for example in examples:
        assert _of_all_attempts(example.code, folder, page.stem) == set()


def _of_all_attempts(code: str, folder: Path, kind: str) -> set[str]:
    """Return what is found in each of up to five attempts: a machine may stand still in some of them."""
    kinds = {kind}
    for _ in range(5):
        loud = {one.kind for one in found(code, folder, kind) if one.is_loud or one.kind == kind}
        kinds = loud
        if not kinds:
            break
    return kinds


@of_each_kind
@pytest.mark.usefixtures("server")
def test_what_a_page_says_to_allow_silences_its_example(page: Path, folder: Path) -> None:
    text = sections(page)["How to say no"]
    allowed = re.findall(r"`\"([^`]+)\"`", text)
    assert allowed or page.stem in BESIDES
    for pattern in allowed:
        with allow_in_process((pattern,)):
            kinds = {finding.kind for finding in found(blocks(sections(page)["An example"])[0].code, folder, page.stem)}
        assert page.stem not in kinds


@of_each_kind
def test_a_page_says_what_it_must(page: Path) -> None:
    headings = [*sections(page)]
    assert headings == ["What it means", "An example", "How to mend it", "When it is wrong", "How to say no"]
    assert page.read_text().startswith(f"# {page.stem}\n")


@pytest.mark.parametrize("kind", sorted(MODULES))
def test_a_page_says_the_thresholds(kind: str) -> None:
    module = MODULES[kind]
    names = [name for name in detectors.__all__ if getattr(getattr(detectors, name), "__module__", "") == module.__name__]
    (name,) = [name for name in names if isinstance(getattr(detectors, name), type)]
    detector = getattr(detectors, name)
    thresholds = ""
    if is_dataclass(detector):
        own = [one for one in fields(detector) if one.init and one.default is not MISSING]
        thresholds = ", ".join(f"{one.name}={one.default!r}" for one in own)
    assert f"`{name}({thresholds})`" in (FINDINGS / f"{kind}.md").read_text()


# All other pages


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(DOCS)) for page in PAGES])
def test_each_page_is_a_program_that_runs(page: Path, folder: Path) -> None:
    """Blocks with a title are files, and those of tests are run; the others run one after another."""
    names: dict[str, Any] = {"__name__": "docs"}
    found = [block for block in blocks(page.read_text()) if not block.is_fragment]
    for block in found:
        if block.title is None:
            exec(compile(block.code, str(page), "exec"), names)
        else:
            (folder / block.title).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.title).write_text(block.code)
            if not Path(block.title).name.startswith("test_"):
                importlib.import_module(block.title.removesuffix(".py").replace("/", "."))
    close(names)
    if any(block.title and Path(block.title).name.startswith("test_") for block in found):
        run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
        done = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
