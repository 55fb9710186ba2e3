"""Serve the application on loopback, with a line of log for each request: `python -m example_app --port 8000`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import structlog
import uvicorn

from example_app.main import create_app
from example_app.settings import Settings, database_url_from_environment


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m example_app", description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--data", type=Path, default=Path(".data"), help="where PostgreSQL keeps its files")
    arguments = parser.parse_args()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("%H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), sort_keys=False),
        ]
    )
    app = create_app(Settings(database_url_from_environment(), arguments.data))
    print(f"http://127.0.0.1:{arguments.port}/docs has the endpoints, /__query_guard__/ what they did to the database")
    uvicorn.run(app, host="127.0.0.1", port=arguments.port, access_log=False)


if __name__ == "__main__":
    main()
