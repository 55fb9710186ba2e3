"""`python -m example_app`, as `make serve` runs it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def get(url: str, timeout: float = 5) -> httpx.Response:
    """Get from a server that may still be starting."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return httpx.get(url, trust_env=False, timeout=timeout)
        except httpx.ConnectError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def environment(**others: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return {**inherited, "PYTHONUNBUFFERED": "1", **others}


def start(port: int, surroundings: dict[str, str], *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "example_app", "--port", str(port), *words]
    return subprocess.Popen(
        command, cwd=ROOT, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_it_migrates_seeds_serves_logs_and_stops(tmp_path: Path) -> None:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with start(port, environment(DATABASE_URL=f"sqlite:///{tmp_path / 'served.db'}"), "--migrate", "--seed") as served:
        response = get(f"{base}/anti-patterns/users")
        assert served.stdout is not None
        first = served.stdout.readline()
        password = re.sub(r".* of this run: ", "", first).strip()
        credentials = {"email": "guide@example.org", "password": password}
        token = httpx.post(f"{base}/auth/token", json=credentials, trust_env=False)
        link = subprocess.run(
            [sys.executable, "-m", "query_guard", "open", "--print", "--url", base],
            stdout=subprocess.PIPE, text=True, check=True,
        ).stdout  # fmt: skip
        page = httpx.get(link.strip(), trust_env=False)
        served.send_signal(signal.SIGTERM)
        output = served.stdout.read()
    assert first.startswith("Log in at POST /auth/token as guide@example.org")
    assert response.headers["X-Query-Count"] == "11"
    assert token.status_code == 200
    assert link.startswith(f"{base}/__query_guard__/?ticket=")
    assert (page.status_code, "set-cookie" in page.headers) == (200, True)
    assert f"'make open PORT={port}' shows what was found" in output
    assert "query_guard.request" in output
    assert "query_guard.finding" in output
    assert "Application shutdown complete" in output


def test_the_postgres_that_it_started_stops_with_it_and_keeps_its_data() -> None:
    with TemporaryDirectory() as directory:
        for words in (("--migrate", "--seed"), ()):
            port = free_port()
            with start(port, environment(EXAMPLE_DATA_DIRECTORY=directory), *words) as served:
                assert len(get(f"http://127.0.0.1:{port}/users").json()) == 10
                served.send_signal(signal.SIGTERM)
            assert served.returncode == 0
        processes = subprocess.run(["ps", "-A", "-o", "args"], capture_output=True, text=True, check=True).stdout
        assert directory not in processes


def test_without_migrations_it_says_what_to_type(tmp_path: Path) -> None:
    with start(free_port(), environment(DATABASE_URL=f"sqlite:///{tmp_path / 'served.db'}")) as served:
        assert served.stdout is not None
        output = served.stdout.read()
    assert served.returncode != 0
    assert "revision none, the application needs 0002: run 'alembic upgrade head'" in output
