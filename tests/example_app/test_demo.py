"""The demo, as `make demo` runs it, and what it says when a promise is not kept."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from example_app.demo import Visit, broken_promises
from example_app.pairs import PAIRS

ROOT = Path(__file__).parents[2]
DEMO = [sys.executable, "-u", "-m", "example_app.demo"]


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Give a directory for temporary files that PostgreSQL's own user may enter, unlike pytest's."""
    with TemporaryDirectory(prefix="demo-") as directory:
        yield Path(directory)


def environment(temporary: Path, **others: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return {**inherited, "TMPDIR": str(temporary), **others}


def run_demo(temporary: Path, **others: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        DEMO, cwd=ROOT, env=environment(temporary, **others), capture_output=True, text=True, timeout=120, check=False
    )


def assert_nothing_is_left(temporary: Path) -> None:
    assert list(temporary.glob("query-guard-*")) == []
    processes = subprocess.run(["ps", "-A", "-o", "args"], capture_output=True, text=True, check=True).stdout
    assert str(temporary) not in processes


def test_the_demo_shows_each_pair_and_leaves_nothing_behind(temporary: Path) -> None:
    demo = run_demo(temporary)
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert demo.stderr == ""
    for pair in PAIRS:
        assert f"\n{pair.method} {pair.bad} -> 20" in demo.stdout
        assert f"\n{pair.method} {pair.fixed} -> 20" in demo.stdout
    assert "X-Query-Count: 11\n" in demo.stdout
    assert re.search(
        r"at example_app/routers/users\.py:\d+ in list_users_slowly\n +fix: .*selectinload\(User", demo.stdout
    )
    assert re.search(r"waited [1-9]\d+ ms for a connection\n", demo.stdout)
    assert_nothing_is_left(temporary)


def test_the_demo_runs_on_the_database_of_the_environment(temporary: Path) -> None:
    demo = run_demo(temporary, DATABASE_URL=f"sqlite:///{temporary / 'demo.db'}")
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert (temporary / "demo.db").exists()


def test_the_demo_fails_when_the_application_is_not_watched(temporary: Path) -> None:
    url = f"sqlite:///{temporary / 'demo.db'}"
    demo = run_demo(temporary, DATABASE_URL=url, QUERY_GUARD_ENABLED="0")
    assert demo.returncode == 1
    assert "BROKEN: GET /anti-patterns/users answered without the headers" in demo.stderr


def test_the_demo_fails_when_the_application_does_not_start(temporary: Path) -> None:
    demo = run_demo(temporary, DATABASE_URL=f"sqlite:///{temporary / 'missing' / 'demo.db'}")
    assert demo.returncode == 1
    assert "the application did not start" in demo.stderr


def test_a_demo_that_is_terminated_stops_its_postgres(temporary: Path) -> None:
    with subprocess.Popen(DEMO, cwd=ROOT, env=environment(temporary), stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        assert any(line.startswith("It answers on") for line in demo.stdout)
        demo.terminate()
        demo.stdout.read()
    assert demo.returncode == 1
    assert_nothing_is_left(temporary)


def visited(path: str, findings: list[dict[str, Any]], wait_ms: float = 0.0) -> Visit:
    headers = {"X-Query-Pool": f"checkouts=1, wait-ms={wait_ms}"}
    response = httpx.Response(200, headers=headers, request=httpx.Request("GET", f"http://localhost{path}"))
    return Visit(response, "", {"findings": findings})


def test_a_silent_anti_pattern_and_an_accused_twin_break_a_promise_each() -> None:
    pair = PAIRS[0]
    loop = {"kind": "n_plus_one", "severity": "warning", "relationship": "User.posts", "line": 25, "fix": "do this"}
    found = visited(pair.bad, [{**loop, "file": "example_app/routers/users.py"}])
    elsewhere = visited(pair.bad, [{**loop, "file": "example_app/routers/posts.py"}])
    silent, accused = visited(pair.fixed, []), visited(pair.fixed, found.loud)
    assert list(broken_promises(pair, found, silent)) == []
    assert len(list(broken_promises(pair, elsewhere, silent))) == 1
    assert [promise.partition(" should ")[0] for promise in broken_promises(pair, silent, accused)] == [
        "GET /users",
        "GET /users",
    ]


def test_a_pool_that_is_never_waited_for_breaks_a_promise() -> None:
    pair = PAIRS[-1]
    assert list(broken_promises(pair, visited(pair.bad, [], 450.0), visited(pair.fixed, [], 3.0))) == []
    assert len(list(broken_promises(pair, visited(pair.bad, [], 1.0), visited(pair.fixed, [])))) == 1
    assert len(list(broken_promises(pair, visited(pair.bad, [], 450.0), visited(pair.fixed, [], 440.0)))) == 1
