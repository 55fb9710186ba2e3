"""Serve the application on loopback, with a line of log for each request: `python -m example_app --migrate --seed`."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import signal
import sys

import structlog
import uvicorn

from example_app.core.settings import Settings
from example_app.db.embedded import database_of
from example_app.db.migrating import migrate
from example_app.db.seed import GUIDE, fill
from example_app.main import create_app


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m example_app", description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--migrate", action="store_true", help="bring the schema to the newest revision first")
    parser.add_argument("--seed", action="store_true", help="fill an empty database, and give the guide a password")
    return parser.parse_args()


def log_in_colour() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("%H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), sort_keys=False),
        ]
    )


def prepare(settings: Settings, given: argparse.Namespace) -> None:
    if given.migrate:
        asyncio.run(migrate(settings.url))
    if given.seed:
        password = secrets.token_urlsafe(12)
        asyncio.run(fill(settings, password))
        print(f"Log in at POST /auth/token as {GUIDE} with the password of this run: {password}")


def main() -> None:
    given = arguments()
    log_in_colour()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # uvicorn ends by this signal; PostgreSQL must be stopped, too
    with database_of(Settings()) as settings:
        prepare(settings, given)
        app = create_app(settings.model_copy(update={"debug": True}))
        print(f"http://127.0.0.1:{given.port}/docs has the endpoints, /anti-patterns says what to look for,")
        print(f"'make open PORT={given.port}' shows what was found", flush=True)
        uvicorn.run(app, host="127.0.0.1", port=given.port, access_log=False)


if __name__ == "__main__":
    main()
