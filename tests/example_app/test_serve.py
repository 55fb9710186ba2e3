"""`python -m example_app`, as `make serve` runs it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def get(url: str) -> httpx.Response:
    """Get from a server that may still be starting."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return httpx.get(url, trust_env=False)
        except httpx.ConnectError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_it_serves_logs_and_stops(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "example_app", "--port", str(port)]
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path / 'served.db'}"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as served:
        response = get(f"http://127.0.0.1:{port}/anti-patterns/users")
        served.send_signal(signal.SIGTERM)
        output = served.communicate(timeout=60)[0]
    assert response.headers["X-Query-Count"] == "11"
    assert "query_guard.request" in output
    assert "query_guard.finding" in output
    assert "Application shutdown complete" in output
