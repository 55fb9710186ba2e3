"""Send real requests to the served application and print what QueryGuard says of each anti-pattern and its fixed twin.

Exits with 0 when each anti-pattern was found and no twin was; with 1 and the broken promises otherwise.
"""

from __future__ import annotations

import asyncio
import logging
import re
import signal
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from example_app.main import create_app
from example_app.pairs import PAIRS, Pair
from example_app.serving import served
from example_app.settings import Settings, database_url_from_environment

REPORTS = "/__query_guard__/api/requests"
POOL_SIZE = 2
PRESSURE_MS = 50.0
"""From here on a wait for a connection counts as pressure."""


@dataclass(frozen=True, slots=True)
class Visit:
    """An answered request, and its report as text and as data."""

    response: httpx.Response
    text: str
    report: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.response.request.method} {self.response.request.url.path}"

    @property
    def loud(self) -> list[dict[str, Any]]:
        return [finding for finding in self.report["findings"] if finding["severity"] != "info"]

    @property
    def waited_ms(self) -> float:
        return pool_wait(self.response)


def pool_wait(response: httpx.Response) -> float:
    """Read a request's wait for connections from its header."""
    wait = re.search(r"wait-ms=([\d.]+)", response.headers.get("X-Query-Pool", ""))
    return float(wait[1]) if wait else 0.0


async def visit(client: httpx.AsyncClient, pair: Pair, path: str) -> Visit:
    """Send the pair's requests twice, the first time to fill caches; look at the one that waited longest."""
    for _ in range(2):
        requests = (client.request(pair.method, path, json=pair.body) for _ in range(pair.at_once))
        response = max(await asyncio.gather(*requests), key=pool_wait)
    response.raise_for_status()
    if "X-Query-Guard-Id" not in response.headers:
        raise SystemExit(f"BROKEN: {pair.method} {path} answered without the headers of QueryGuard")
    report = f"{REPORTS}/{response.headers['X-Query-Guard-Id']}"
    as_text = await fetch(client, report, "text/plain")
    as_data = await fetch(client, report, "application/json")
    return Visit(response, as_text.text, as_data.json())


async def visit_calmly(client: httpx.AsyncClient, pair: Pair, path: str) -> Visit:
    """Visit up to three times for a report without findings: a busy machine may make anything slow once."""
    for _ in range(3):
        calmest = await visit(client, pair, path)
        if not calmest.loud:
            break
    return calmest


async def fetch(client: httpx.AsyncClient, path: str, accept: str) -> httpx.Response:
    """Get a report, which is there once the application has done all that it does after its response."""
    deadline = time.monotonic() + 5
    while True:
        response = await client.get(path, headers={"Accept": accept})
        if response.status_code != 404 or time.monotonic() > deadline:
            return response.raise_for_status()
        await asyncio.sleep(0.01)


def broken_promises(pair: Pair, bad: Visit, fixed: Visit) -> Iterator[str]:
    if pair.finds and not any(is_promised(pair, finding) for finding in bad.loud):
        yield f"{bad.name} should have {pair.finds} with a fix, at a line of {pair.file}; it has {bad.loud}"
    if pair.at_once > 1 and bad.waited_ms < PRESSURE_MS:
        yield f"{bad.name} should wait {PRESSURE_MS:.0f} ms or more for a connection; it waited {bad.waited_ms} ms"
    if pair.at_once > 1 and fixed.waited_ms > bad.waited_ms / 2:
        yield f"{fixed.name} should wait far less than {bad.waited_ms} ms; it waited {fixed.waited_ms} ms"
    if fixed.loud:
        yield f"{fixed.name} should have no findings; it has {fixed.loud}"


def is_promised(pair: Pair, finding: dict[str, Any]) -> bool:
    return (
        finding["kind"] == pair.finds
        and finding["file"].endswith(f"example_app/routers/{pair.file}")
        and finding["line"] > 0
        and bool(finding["fix"])
        and pair.relationship in (None, finding["relationship"])
    )


def show(visit: Visit, pair: Pair) -> None:
    together = f" ({pair.at_once} at once; the one that waited longest)" if pair.at_once > 1 else ""
    print(f"\n{visit.name} -> {visit.response.status_code}{together}")
    for name, value in visit.response.headers.items():
        if name.startswith("x-query-") or name == "server-timing":
            print(f"    {name.title()}: {value}")
    print()
    print(textwrap.indent(visit.text.rstrip(), "    "))


def show_table(visits: list[tuple[Pair, Visit, Visit]]) -> None:
    print(f"\n{'':<26}{'anti-pattern':^19}{'fixed':^19}")
    print(f"{'':<26}{'queries':>9}{'ms':>8}  {'queries':>9}{'ms':>8}    found")
    for pair, bad, fixed in visits:
        found = ", ".join(sorted({finding["kind"] for finding in bad.loud}))
        waited = f"waited {bad.waited_ms:.0f} ms for a connection" if pair.at_once > 1 else ""
        numbers = "  ".join(f"{v.report['query_count']:>9}{v.report['duration_ms']:>8.1f}" for v in (bad, fixed))
        print(f"{pair.method + ' ' + pair.fixed:<26}{numbers}    {', '.join(filter(None, (found, waited)))}")


async def visit_all(base_url: str) -> list[str]:
    """Visit and print each pair; return the promises that were not kept."""
    visits: list[tuple[Pair, Visit, Visit]] = []
    async with httpx.AsyncClient(base_url=base_url, timeout=30, trust_env=False) as client:
        for pair in PAIRS:
            print(f"\n\n{f'== {pair.title} ':=<110}")
            bad = await visit(client, pair, pair.bad)
            show(bad, pair)
            fixed = await visit_calmly(client, pair, pair.fixed)
            show(fixed, pair)
            visits.append((pair, bad, fixed))
    print(f"\n\n{'== All of them ':=<110}")
    show_table(visits)
    return [promise for visited in visits for promise in broken_promises(*visited)]


def main() -> int:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # The findings are printed in full below; what remains of the logger's lines is trouble.
    logging.getLogger("query_guard").addFilter(lambda record: not hasattr(record, "query_guard"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    url = database_url_from_environment()
    database = f"the {url.get_backend_name()} of DATABASE_URL" if url else "a PostgreSQL of its own"
    print(f"Starting the example application on {database} ...", flush=True)
    with served(create_app(Settings(url, pool_size=POOL_SIZE))) as base_url:
        print(f"It answers on {base_url}, with {POOL_SIZE} connections in its pool.")
        broken = asyncio.run(visit_all(base_url))
    for promise in broken:
        print(f"\nBROKEN: {promise}", file=sys.stderr)
    if not broken:
        print(f"\nEach of the {len(PAIRS)} anti-patterns was found, and none of the fixed twins.")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
