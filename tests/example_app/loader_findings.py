"""Visit the endpoints whose fault is a missing loader option, in the package beside, and write down what came.

Usage: python loader_findings.py DATABASE_FILE REPORT ANSWERS
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from example_app.core.settings import Settings, async_url
from example_app.main import create_app

KEY = "the-key-of-these-visits"
PATHS = ["/users", "/posts", "/comments", "/comments/unloaded", "/comments/detached"]


async def visit(database: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the findings about relationships, and the answers by their paths."""
    app = create_app(Settings(database_url=async_url(f"sqlite:///{database}"), debug=True, debug_token=SecretStr(KEY)))
    findings: list[dict[str, Any]] = []
    answers: dict[str, Any] = {}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=60) as client,
    ):
        for path in PATHS:
            answer = await client.get(f"/anti-patterns{path}")
            answers[path] = answer.json() if answer.status_code == 200 else None
            report = await client.get(
                "/__query_guard__/api/requests/latest", headers={"authorization": f"Bearer {KEY}"}
            )
            findings += [finding for finding in report.json()["findings"] if finding["relationship"]]
    return findings, answers


def main(database: str, report: str, answers: str) -> None:
    found, came = asyncio.run(visit(database))
    Path(report).write_text(json.dumps({"findings": found}))
    Path(answers).write_text(json.dumps(came))


if __name__ == "__main__":
    main(*sys.argv[1:])
