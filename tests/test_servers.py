"""Wrong options and mistyped variables under the real servers, as they come."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.example_app.test_serve import environment, free_port, get

PATIENCE = 120
"""Seconds after which a server that should have ended counts as one that serves."""
APPLICATION = """
from fastapi import FastAPI
from query_guard import QueryGuard

app = FastAPI()
app.add_middleware(QueryGuard{options})

@app.get("/")
def answer() -> int:
    return 1
"""
WRONG = ', sample_rate="0.1"'
SENTENCE = "QueryGuard: sample_rate must be a number from 0 to 1, not '0.1'"
SERVERS = {
    "uvicorn": ("--port",),
    "hypercorn": ("--bind",),
    "granian": ("--interface", "asgi", "--port"),
}


def command(server: str, port: int, *options: str) -> list[str]:
    place = f"127.0.0.1:{port}" if server == "hypercorn" else str(port)
    return [sys.executable, "-m", server, "served:app", *options, *SERVERS[server], place]


def write(directory: Path, options: str) -> None:
    (directory / "served.py").write_text(APPLICATION.format(options=options))


@contextmanager
def serving(words: list[str], directory: Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        words, cwd=directory, env=environment(**variables), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


@pytest.mark.parametrize("server", SERVERS)
def test_a_wrong_option_stops_the_start(server: str, tmp_path: Path) -> None:
    write(tmp_path, WRONG)
    ended = subprocess.run(
        command(server, free_port()),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert SENTENCE in ended.stdout
    assert "startup complete" not in ended.stdout


def test_without_a_lifespan_the_service_goes_on_and_says_once_what_is_wrong(tmp_path: Path) -> None:
    write(tmp_path, WRONG)
    port = free_port()
    with serving(command("uvicorn", port, "--lifespan", "off"), tmp_path) as process:
        responses = [get(f"http://127.0.0.1:{port}/") for _ in range(3)]
        process.terminate()
        output, _ = process.communicate(timeout=PATIENCE)
    assert [(response.status_code, response.text) for response in responses] == [(200, "1")] * 3
    assert not [name for response in responses for name in response.headers if "query" in name]
    assert output.count(f"query_guard: {SENTENCE}; until this is fixed, requests pass unprofiled") == 1


def test_a_mistyped_variable_is_an_error_in_the_log_and_no_more(tmp_path: Path) -> None:
    write(tmp_path, "")
    port = free_port()
    with serving(command("uvicorn", port), tmp_path, QUERY_GUARD_ENABLED="disabled") as process:
        response = get(f"http://127.0.0.1:{port}/")
        process.terminate()
        output, _ = process.communicate(timeout=PATIENCE)
    assert (response.status_code, response.headers["X-Query-Count"]) == (200, "0")
    assert output.count("query_guard: QUERY_GUARD_ENABLED must be one of 1, true, yes, on, 0, false, no, off") == 1


WORKERS = """
import os, time
from fastapi import FastAPI
from query_guard import QueryGuard
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

engine = create_async_engine("sqlite+aiosqlite://")
app = FastAPI()
app.add_middleware(QueryGuard)

@app.get("/")
async def answer() -> int:
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
    time.sleep(0.3)
    return os.getpid()
"""


def test_each_worker_of_gunicorn_profiles_its_requests_though_the_application_was_loaded_before_the_fork(
    tmp_path: Path,
) -> None:
    (tmp_path / "served.py").write_text(WORKERS)
    port = free_port()
    options = ("--preload", "-w", "2", "-k", "uvicorn_worker.UvicornWorker", "-b", f"127.0.0.1:{port}")
    found: dict[str, list[str]] = {}
    with serving([sys.executable, "-m", "gunicorn", "served:app", *options], tmp_path) as process:
        for _ in range(100):
            response = get(f"http://127.0.0.1:{port}/", timeout=60)
            found.setdefault(response.text, []).append(response.headers["X-Query-Count"])
            if len(found) == 2:
                break
        process.terminate()
        output, _ = process.communicate(timeout=PATIENCE)
    assert {count for counts in found.values() for count in counts} == {"1"}
    assert len(found) == 2, output
    assert output.count("event_loop_blocked") >= 2, "each worker has a watchdog of its own"
    assert "could not" not in output, "nothing of the guard has failed"
