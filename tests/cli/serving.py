"""An application under uvicorn on this machine, for commands that read its debug endpoint."""

from __future__ import annotations

import queue
import threading
import time

import httpx
import uvicorn
from fastapi import FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.pool import StaticPool

from query_guard import QueryGuard, Report
from query_guard.history.memory import MemoryHistory
from tests.databases import UNTIMED
from tests.example_app.test_serve import free_port
from tests.serving import KEY

PATIENCE = 120.0
"""Seconds after which a server that does nothing counts as one that hangs."""


class KeptReports(MemoryHistory):
    """A history that says when a report has come, which is after the client has its answer."""

    def __init__(self) -> None:
        super().__init__()
        self.added: queue.Queue[str] = queue.Queue()

    def add(self, report: Report) -> None:
        super().add(report)
        self.added.put(report.id)


class Server:
    """An application with `/users?n=3`, which sends n equal statements, served from start to stop."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})

    def start(self, **options: object) -> None:
        self.history = KeptReports()
        app = self._application({"debug": True, "debug_token": KEY, "history": self.history, **options})
        self._server = uvicorn.Server(uvicorn.Config(app, port=self.port, log_level="critical", ws="none"))
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        deadline = time.monotonic() + PATIENCE
        while not self._server.started:
            assert self._thread.is_alive(), "the server has ended"
            assert time.monotonic() < deadline, "the server does not start"
            time.sleep(0.02)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(PATIENCE)

    def visit(self, path: str) -> str:
        """Send a request and return the id of its report, once the report is kept."""
        httpx.get(f"{self.url}{path}", timeout=PATIENCE)
        return self.history.added.get(timeout=PATIENCE)

    def _application(self, options: dict[str, object]) -> FastAPI:
        app = FastAPI()
        app.add_middleware(QueryGuard, detectors=UNTIMED, **options)  # type: ignore[arg-type]  # of any type

        @app.get("/users")
        def users(n: int = 3) -> int:
            with self.engine.connect() as connection:
                for number in range(n):
                    connection.execute(text("SELECT :number"), {"number": number})
            return n

        @app.post("/users")
        def create() -> None:
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 2 + 2"))

        return app
