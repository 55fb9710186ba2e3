"""An application under QueryGuard, and requests to it from within the test's own loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI

from query_guard import Finding, QueryGuard, Report
from tests.databases import UNTIMED

KEY = "the-key-of-these-reports"
WITH_KEY = {"authorization": f"Bearer {KEY}"}


def guarded(**options: Any) -> tuple[FastAPI, list[Report]]:
    """Return an application and the list that its reports will be added to."""
    reports: list[Report] = []
    app = FastAPI()
    app.add_middleware(QueryGuard, **{"reporters": [reports.append], "detectors": UNTIMED, **options})
    return app, reports


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=60) as client:
        yield client


async def visit(app: FastAPI, *paths: str, method: str = "GET") -> list[httpx.Response]:
    """Send requests at once, in this order."""
    async with client_of(app) as client:
        return await asyncio.gather(*(client.request(method, path) for path in paths))


def findings(report: Report, kind: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.kind == kind]


def only(reports: list[Report]) -> Report:
    """Return the report of the one request there was: a second report of it would be a fault, too."""
    (report,) = reports
    return report


def report_of(reports: list[Report], path: str) -> Report:
    (report,) = [report for report in reports if report.request.path == path]
    return report


def function_of(finding: Finding) -> str:
    assert finding.site.innermost is not None, finding
    return finding.site.innermost.function
