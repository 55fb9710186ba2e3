"""`query-guard mcp`: an agent's client runs each tool against the example application, as it is served."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from query_guard.cli.compact import compact_report
from tests.example_app.test_serve import environment, free_port, get, start
from tests.serving import KEY

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the example application, and give its address."""
    port = free_port()
    file = tmp_path_factory.mktemp("mcp") / "served.db"
    surroundings = environment(DATABASE_URL=f"sqlite:///{file}", QUERY_GUARD_DEBUG_TOKEN=KEY)
    with start(port, surroundings, "--migrate", "--seed") as served:
        get(f"http://127.0.0.1:{port}/users")
        yield f"http://127.0.0.1:{port}"
        served.send_signal(signal.SIGTERM)
        assert served.stdout is not None
        served.stdout.read()


def asked(base: str, *calls: tuple[str, dict[str, Any]], key: str = KEY, during: Any = None) -> list[tuple[bool, str]]:
    """Call tools of the server one after another; return for each whether it is an error, and its text."""
    from mcp import Client, StdioServerParameters

    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "query_guard", "mcp", "--url", base],
        env={**os.environ, "QUERY_GUARD_DEBUG_TOKEN": key},
    )

    async def ask() -> list[tuple[bool, str]]:
        async with Client(command) as client:
            answers = []
            for name, arguments in calls:
                other = asyncio.create_task(during()) if during is not None else None
                result = await client.call_tool(name, arguments)
                if other is not None:
                    await other
                answers.append((bool(result.is_error), getattr(result.content[0], "text", "")))
            return answers

    return asyncio.run(ask())


def answers(base: str, *calls: tuple[str, dict[str, Any]], during: Any = None) -> list[dict[str, Any]]:
    told = asked(base, *calls, during=during)
    assert [text for is_error, text in told if is_error] == []
    return [json.loads(text) for _, text in told]


def visit(base: str, path: str) -> str:
    return str(httpx.get(f"{base}{path}", trust_env=False).headers["X-Query-Guard-Id"])


def test_reports_name_file_line_and_remedy_and_what_to_do(base: str) -> None:
    report_id = visit(base, "/anti-patterns/users")
    latest, same, whole = answers(
        base, ("latest", {}), ("report", {"id": report_id}), ("report", {"id": report_id, "details": True})
    )
    assert latest == same
    assert (latest["id"], latest["route"], latest["statements"]) == (report_id, "GET /anti-patterns/users", 11)
    (finding,) = [one for one in latest["findings"] if one["kind"] == "n_plus_one"]
    assert (finding["relationship"], finding["remedy"]) == ("User.posts", "selectinload(User.posts)")
    file, _, line = finding["edit"].rpartition(":")
    assert "session.scalars(select(User)" in Path(file).read_text().splitlines()[int(line) - 1]
    assert latest["sql"][0]["times"] == 10
    assert latest["next"].startswith(f"Run 'query-guard fix {report_id}' for a patch")
    (described,) = [one for one in whole["findings"] if one["kind"] == "n_plus_one"]
    assert (described["severity"], described["count"]) == ("warning", 10)
    assert whole["sql"][0]["sql"].startswith(latest["sql"][0]["sql"].removesuffix("..."))


def test_the_next_request_is_waited_for(base: str) -> None:
    async def visit_until_heard() -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            for _ in range(20):
                await client.get(f"{base}/posts")
                await asyncio.sleep(0.1)

    (report,) = answers(base, ("wait", {"route": "GET /posts", "timeout": 60}), during=visit_until_heard)
    assert report["route"] == "GET /posts"


def test_two_reports_are_compared_and_routes_and_pools_are_listed(base: str) -> None:
    first, second = visit(base, "/anti-patterns/users"), visit(base, "/users")
    by_ids, routes, pools = answers(
        base, ("compare", {"before": first, "after": second}), ("routes", {}), ("pools", {})
    )
    assert by_ids["statements"][0] == 11 > by_ids["statements"][1]
    assert "User.posts" in [finding.get("relationship") for finding in by_ids["gone"]]
    assert "/users" in [row["route"] for row in routes["routes"]]
    assert "sqlite+aiosqlite" in pools["pools"][0]["engine"]
    visit(base, "/users")
    (by_route,) = answers(base, ("compare", {"before": "GET /users"}))
    assert (by_route["route"], by_route["new"]) == ("GET /users", [])


def test_an_error_is_a_result_that_says_what_to_do(base: str) -> None:
    visit(base, "/users")
    unknown, no_route, early = asked(
        base, ("report", {"id": "none"}), ("compare", {"before": "/nowhere"}), ("wait", {"route": "/x", "timeout": 0})
    )
    assert [is_error for is_error, _ in (unknown, no_route, early)] == [True] * 3
    assert "expected a report 'none' at" in unknown[1]
    assert "'query-guard list' shows them" in unknown[1]
    assert "expected two reports of the route '/nowhere'" in no_route[1]
    assert "expected a request of '/x'" in early[1]
    ((is_error, text),) = asked(base, ("latest", {}), key="another-key-than-that-one")
    assert is_error
    assert "QUERY_GUARD_DEBUG_TOKEN" in text
    ((is_error, text),) = asked(f"http://127.0.0.1:{free_port()}", ("latest", {}))
    assert is_error
    assert "start the application, or say with --url where it is" in text


def test_a_fix_is_tried_in_the_next_request(base: str) -> None:
    report_id = visit(base, "/anti-patterns/users")
    (armed,) = answers(base, ("try_fix", {"id": report_id}))
    assert (armed["route"], [option["remedy"] for option in armed["options"]]) == (
        "GET /anti-patterns/users", ["selectinload(User.posts)"],
    )  # fmt: skip
    assert armed["next"] == (
        f"Send GET /anti-patterns/users within a minute, then call report with id {report_id}: see 'tried'."
    )
    visit(base, "/anti-patterns/users")
    (report,) = answers(base, ("report", {"id": report_id}))
    tried = [finding["tried"] for finding in report["findings"] if finding.get("tried")]
    assert tried == [{"before": 11, "after": 2, "outcome": "works"}]


def test_it_is_said_why_nothing_can_be_tried(base: str) -> None:
    (answer,) = answers(base, ("try_fix", {"id": visit(base, "/users")}))
    assert answer["error"].startswith("expected a finding whose whole fix is a loader option, and there is none")
    assert answer["next"] == "Change the code as 'fix' says."


FINDING = {
    "kind": "n_plus_one", "severity": "warning", "summary": "s" * 300, "fix": "f" * 300, "file": "app/crud.py",
    "line": 31, "function": "load_posts", "relationship": "User.posts", "remedy": "selectinload(User.posts)",
    "edit": {"file": "app/crud.py", "line": 27, "hash": "0" * 16}, "count": 10, "phase": "endpoint",
}  # fmt: skip


def report_of(findings: list[dict[str, Any]], statements: list[str]) -> dict[str, Any]:
    return {
        "id": "0123456789abcdef", "kind": "request", "method": "GET", "route": "/users", "path": "/users?token=secret",
        "status": 200, "query_count": 50, "query_time_ms": 3.5, "findings": findings,
        "statements": [{"sql": sql, "parameters": ["secret"]} for sql in statements],
    }  # fmt: skip


def test_a_report_of_many_statements_is_small() -> None:
    report = report_of([FINDING] * 3, [f"SELECT {number} " + "a, " * 200 for number in range(50)])
    text = json.dumps(compact_report(report), separators=(",", ":"))
    assert len(text.encode()) < 2_000
    assert "secret" not in text
    assert json.loads(text)["left_out"] == {"findings": 0, "shapes": 47}


def test_a_finding_says_where_it_is_and_what_to_type_and_its_details_only_if_asked() -> None:
    short = {
        "kind": "n_plus_one", "severity": "warning", "relationship": "User.posts", "at": "app/crud.py:31",
        "in": "load_posts", "remedy": "selectinload(User.posts)", "edit": "app/crud.py:27", "fix": "f" * 157 + "...",
    }  # fmt: skip
    report = report_of([FINDING], [])
    assert compact_report(report)["findings"] == [short]
    whole = {**short, "fix": "f" * 300, "summary": "s" * 300, "count": 10}
    assert compact_report(report, details=True)["findings"] == [whole]


def test_a_finding_without_a_line_is_at_its_phase() -> None:
    nowhere = {**FINDING, "file": None, "line": None, "function": None, "edit": None, "fix": "f" * 160}
    (finding,) = compact_report(report_of([nowhere], []))["findings"]
    assert (finding["at"], finding["fix"]) == ("endpoint", "f" * 160)
    assert {"in", "edit"}.isdisjoint(finding)


def test_the_first_five_findings_and_the_three_most_frequent_shapes_unless_details_are_asked_for() -> None:
    kinds = [f"kind {number}" for number in range(7)]
    statements = [sql for number, sql in enumerate(["d" * 91, "c" * 90, "b", "a"], 1) for _ in range(number)]
    report = report_of([{**FINDING, "kind": kind} for kind in kinds], statements)
    short, whole = compact_report(report), compact_report(report, details=True)
    assert [finding["kind"] for finding in short["findings"]] == kinds[:5]
    assert short["sql"] == [{"times": 4, "sql": "a"}, {"times": 3, "sql": "b"}, {"times": 2, "sql": "c" * 90}]
    assert short["left_out"] == {"findings": 2, "shapes": 1}
    assert [finding["kind"] for finding in whole["findings"]] == kinds
    assert whole["sql"][-1] == {"times": 1, "sql": "d" * 91}
    assert whole["left_out"] == {"findings": 0, "shapes": 0}


def test_without_the_sdk_it_says_what_to_install() -> None:
    code = "import sys\nsys.modules['mcp'] = None\nfrom query_guard.cli.main import main\nsys.exit(main(['mcp']))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert ran.stderr.endswith("install fastapi-query-guard[mcp]\n")
