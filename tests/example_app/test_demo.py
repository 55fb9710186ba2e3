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

import pytest

from example_app.demo.printing import show_skipped
from example_app.demo.promises import broken_promises
from example_app.demo.visits import Visit
from example_app.routers.anti_patterns.pair import Answer, Call, Pair
from example_app.routers.anti_patterns.pairs import PAIRS

pytestmark = pytest.mark.once

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
        assert f"\n{pair.bad.method} {pair.bad.path} -> " in demo.stdout
        assert f"\n{pair.fixed.method} {pair.fixed.path} -> " in demo.stdout
        assert f"expected  {pair.look_for}\n" in demo.stdout
    assert re.search(
        r"/users -> 200: 11 queries, .*\n +expected +n_plus_one\n +found +n_plus_one \(warning\): User\.posts was .*\n"
        r"(.*\n)?"
        r" +site +example_app/routers/anti_patterns/users\.py:\d+ in list_users_slowly\n"
        r" +fix +Add \.options\(selectinload\(User\.posts\)\).*\n"
        r"( {14}.*\n)?"
        r" +tried +11 -> 2 statements, works\n",
        demo.stdout,
    )
    assert_nothing_is_left(temporary)


def test_the_demo_runs_on_the_database_of_the_environment_and_runs_again(temporary: Path) -> None:
    for _ in range(2):
        demo = run_demo(temporary, DATABASE_URL=f"sqlite:///{temporary / 'demo.db'}")
        assert demo.returncode == 0, demo.stdout + demo.stderr
    assert (temporary / "demo.db").exists()


def test_the_demo_fails_when_the_application_is_not_watched(temporary: Path) -> None:
    url = f"sqlite:///{temporary / 'demo.db'}"
    demo = run_demo(temporary, DATABASE_URL=url, QUERY_GUARD_ENABLED="0")
    assert demo.returncode == 1
    assert "BROKEN: GET /anti-patterns/users answered without the headers" in demo.stderr


def test_the_demo_fails_when_there_is_no_database(temporary: Path) -> None:
    demo = run_demo(temporary, DATABASE_URL=f"sqlite:///{temporary / 'missing' / 'demo.db'}")
    assert demo.returncode == 1
    assert "unable to open database file" in demo.stderr


def test_a_demo_that_is_terminated_stops_its_postgres(temporary: Path) -> None:
    with subprocess.Popen(DEMO, cwd=ROOT, env=environment(temporary), stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        assert any(line.startswith("It answers on") for line in demo.stdout)
        demo.terminate()
        demo.stdout.read()
    assert demo.returncode == 1
    assert_nothing_is_left(temporary)


LOOP = {
    "kind": "n_plus_one", "severity": "warning", "relationship": "User.posts", "line": 25, "fix": "do this",
    "summary": "a loop", "file": "example_app/routers/anti_patterns/users.py", "callers": [],
}  # fmt: skip


def visited(call: Call, *findings: dict[str, Any], status: int = 200, body: Any = None) -> Visit:
    return Visit(call, (Answer(status, body),), ({"findings": list(findings), "query_count": 1, "duration_ms": 1.0},))


def test_a_silent_anti_pattern_and_an_accused_twin_break_a_promise_each() -> None:
    pair = PAIRS[0]
    found, silent = visited(pair.bad, LOOP), visited(pair.fixed)
    assert list(broken_promises(pair, found, silent)) == []
    broken = list(broken_promises(pair, visited(pair.bad), visited(pair.fixed, LOOP)))
    assert [promise.partition(" should ")[0] for promise in broken] == ["GET /anti-patterns/users", "GET /users"]


@pytest.mark.parametrize(
    "wrong", [{"file": "example_app/crud/post.py"}, {"fix": ""}, {"relationship": "Post.author"}, {"kind": "other"}]
)
def test_a_finding_of_something_else_is_no_evidence(wrong: dict[str, Any]) -> None:
    pair = PAIRS[0]
    assert len(list(broken_promises(pair, visited(pair.bad, {**LOOP, **wrong}), visited(pair.fixed)))) == 1


def test_the_line_may_lie_in_a_function_that_the_anti_pattern_calls() -> None:
    pair = PAIRS[1]
    deeper = {**LOOP, "file": "example_app/crud/post.py", "callers": [{"file": LOOP["file"], "line": 38}]}
    assert list(broken_promises(pair, visited(pair.bad, deeper), visited(pair.fixed))) == []


WORKS = {"before": 11, "after": 2, "outcome": "works"}


@pytest.mark.parametrize(
    ("fix", "broken"),
    [
        ({"remedy_suffices": True, "tried": WORKS}, 0),
        ({"remedy_suffices": True, "tried": {**WORKS, "outcome": "unknown", "why": "another answer"}}, 1),
        ({"remedy_suffices": False, "tried": {**WORKS, "outcome": "fails", "why": "no statement was saved"}}, 1),
        ({"remedy_suffices": True, "tried": None}, 1),
        ({"remedy_suffices": False, "tried": None}, 0),
    ],
)
def test_a_loader_option_must_have_been_tried_and_work(fix: dict[str, Any], broken: int) -> None:
    pair = PAIRS[0]
    bad = visited(pair.bad, {**LOOP, "remedy": "selectinload(User.posts)", **fix})
    assert len(list(broken_promises(pair, bad, visited(pair.fixed)))) == broken


def test_information_counts_as_found_and_is_no_accusation_unless_it_is_the_pairs_own() -> None:
    (pair,) = (pair for pair in PAIRS if pair.look_for == "split_transaction")
    hint = {**LOOP, "kind": "split_transaction", "severity": "info", "relationship": None}
    hint["file"] = "example_app/routers/anti_patterns/accounts.py"
    bad = visited(pair.bad, hint)
    assert list(broken_promises(pair, bad, visited(pair.fixed, {**hint, "kind": "other"}))) == []
    assert len(list(broken_promises(pair, bad, visited(pair.fixed, hint)))) == 1


def test_a_wrong_status_breaks_a_promise() -> None:
    pair = PAIRS[0]
    failed = visited(pair.fixed, status=500)
    assert [*broken_promises(pair, visited(pair.bad, LOOP), failed)] == [
        "GET /users should answer 200 or 201 or 204; it answered Answer(status=500, body=None)"
    ]


def test_where_no_finding_can_tell_the_answers_do() -> None:
    (pair,) = (pair for pair in PAIRS if pair.look_for == "an emptied column")
    emptied, kept = visited(pair.bad, body={"summary": None}), visited(pair.fixed, body={"summary": "About"})
    assert list(broken_promises(pair, emptied, kept)) == []
    assert len(list(broken_promises(pair, kept, emptied))) == 2


def test_what_a_database_cannot_show_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    show_skipped(Pair("Title", "kind", PAIRS[0].bad, PAIRS[0].fixed, not_on_sqlite="it has no server"))
    assert "skipped on SQLite: it has no server\n" in capsys.readouterr().out
