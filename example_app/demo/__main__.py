"""Visit every anti-pattern and its fixed twin, and print what QueryGuard says of each.

Exits with 0 when each anti-pattern was found and no twin was; with 1 and the broken promises otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import secrets
import signal
import sys
import warnings
from functools import partial

import httpx
from pydantic import SecretStr

from example_app.core.settings import Settings
from example_app.db.embedded import database_of
from example_app.db.migrating import migrate
from example_app.db.seed import GUIDE, fill
from example_app.demo.printing import Visited, show_pair, show_skipped, show_table
from example_app.demo.promises import broken_promises, is_calm, is_found
from example_app.demo.serving import served
from example_app.demo.visits import NotWatched, Visitor
from example_app.main import create_app
from example_app.routers.anti_patterns.pairs import PAIRS

POOL_SIZE = 2


async def take_tour(base_url: str, key: str, password: str, database: str, full: bool) -> list[str]:
    """Visit and print each pair; return the promises that were not kept."""
    visited: list[Visited] = []
    async with httpx.AsyncClient(base_url=base_url, timeout=30, trust_env=False) as client:
        visitor = Visitor(client, key)
        await visitor.log_in(GUIDE, password)
        for pair in PAIRS:
            if pair.not_on_sqlite and database == "sqlite":
                show_skipped(pair)
                continue
            bad = await visitor.visit_until(pair, pair.bad, partial(is_found, pair))
            bad = await visitor.try_fixes(pair, bad)
            fixed = await visitor.visit_until(pair, pair.fixed, partial(is_calm, pair))
            visited.append(Visited(pair, bad, fixed))
            show_pair(pair, bad, fixed)
            if full:
                print((await visitor.read_report(bad.reports[-1]["id"], "text/plain")).text)
    show_table(visited)
    return [promise for pair, bad, fixed in visited for promise in broken_promises(pair, bad, fixed)]


def prepare(settings: Settings, password: str) -> None:
    """Migrate and fill: steps of their own, before the application starts and in no request of it."""
    asyncio.run(migrate(settings.url))
    asyncio.run(fill(settings, password))


def quieten() -> None:
    """Leave out what is printed in full anyway: the findings, and the one exception that is provoked."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("query_guard").addFilter(lambda record: not hasattr(record, "query_guard"))
    warnings.filterwarnings("ignore", "coroutine 'Connection.cursor' was never awaited")  # aiosqlite's part in it
    logging.getLogger("uvicorn.error").addFilter(lambda record: "Exception in ASGI" not in record.getMessage())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m example_app.demo", description="Tour the anti-patterns.")
    parser.add_argument("--full", action="store_true", help="print the whole report of each anti-pattern, too")
    full = parser.parse_args().full
    quieten()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    key = secrets.token_urlsafe(32)
    asked = Settings(data_directory=None, debug=True, debug_token=SecretStr(key), pool_size=POOL_SIZE, max_overflow=0)
    place = "a PostgreSQL of its own" if asked.database_url is None else "the database of DATABASE_URL"
    print(f"Starting the example application on {place} ...", flush=True)
    with database_of(asked) as settings:
        password = secrets.token_urlsafe(12)
        prepare(settings, password)
        with served(create_app(settings)) as base_url:
            print(f"It answers on {base_url}, with {POOL_SIZE} connections in its pool.", flush=True)
            print("Each part visits an anti-pattern, with what should be found and what was, and then its fixed twin.")
            try:
                broken = asyncio.run(take_tour(base_url, key, password, settings.url.get_backend_name(), full))
            except NotWatched as error:
                broken = [str(error)]
    for promise in broken:
        print(f"\nBROKEN: {promise}", file=sys.stderr)
    if not broken:
        print("\nEach of these anti-patterns was found, and nothing in any of their fixed twins.")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
