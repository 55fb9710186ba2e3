"""The diffs that the debug endpoint makes of a report."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio import to_thread
from fastapi import FastAPI

from query_guard import Finding, QueryGuard, Report
from query_guard.debug import fixes
from query_guard.history.memory import MemoryHistory
from query_guard.records import Entity, Frame, LoaderOption, OptionCall, PlacedOption
from tests.reports import SITE, facts_of
from tests.serving import KEY, WITH_KEY, client_of

pytestmark = [pytest.mark.asyncio, pytest.mark.once]

CODE = """\
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from models import User


def users(session):
    return session.scalars(select(User)).all()
"""
DIFF = """\
--- a/crud.py
+++ b/crud.py
@@ -5,4 +5,4 @@
 
 
 def users(session):
-    return session.scalars(select(User)).all()
+    return session.scalars(select(User).options(selectinload(User.posts))).all()
"""  # noqa: W293
CALLS = (OptionCall("selectinload", "User", "posts"),)
OPTION = PlacedOption(LoaderOption(Entity("User", (), False), CALLS), (Frame("crud.py", 8, "users", 1),))
BY_HAND = Finding("slow_statement", "warning", "slow", "Make it faster", SITE)
OF_A_SELECT = Finding(
    "n_plus_one", "warning", "often", "Load them ahead", SITE, edit=("crud.py", 8), option=OPTION,
    remedy="selectinload(User.posts)",
)  # fmt: skip
API = "/__query_guard__/api/requests"


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """Give an application that was started after its file was written, and has one report."""
    monkeypatch.chdir(tmp_path)
    Path("crud.py").write_text(CODE)
    os.utime("crud.py", (0, 0))
    history = MemoryHistory()
    history.add(Report("first", 0.0, facts_of(), (BY_HAND, OF_A_SELECT)))
    app = FastAPI()
    app.add_middleware(QueryGuard, debug=True, debug_token=KEY, history=history)
    return app


async def get(app: FastAPI, path: str, headers: dict[str, str] = WITH_KEY) -> httpx.Response:
    async with client_of(app) as client:
        return await client.get(path, headers=headers)


def left(place: int, why: str) -> dict[str, Any]:
    return {"finding": place, "why": why}


async def test_a_fix_that_is_an_option_is_a_diff_of_the_file_as_it_is(app: FastAPI) -> None:
    expected = {
        "changes": [{"file": "crud.py", "diff": DIFF, "findings": [1]}],
        "left": [left(0, "by hand: Make it faster")],
    }
    for report in ("first", "latest"):
        answer = await get(app, f"{API}/{report}/fix")
        assert (answer.status_code, answer.json()) == (200, expected)
    assert Path("crud.py").read_text() == CODE


@pytest.mark.parametrize(
    ("code", "changed_at", "why"),
    [
        (CODE, None, "crud.py was changed while the application ran: start it anew, and send the request again"),
        ("\n" + CODE, 0, "no call at line 8 sends a statement that can be told by its code"),
    ],
)
async def test_a_file_that_is_not_as_it_ran_or_not_understood_has_none(
    app: FastAPI, code: str, changed_at: int | None, why: str
) -> None:
    Path("crud.py").write_text(code)
    if changed_at is not None:
        os.utime("crud.py", (changed_at, changed_at))
    assert (await get(app, f"{API}/first/fix")).json() == {
        "changes": [],
        "left": [left(0, "by hand: Make it faster"), left(1, why)],
    }


async def test_without_the_key_there_is_none(app: FastAPI) -> None:
    answer = await get(app, f"{API}/first/fix", {})
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


async def test_a_report_that_is_not_kept_has_none(app: FastAPI) -> None:
    answer = await get(app, f"{API}/second/fix")
    assert (answer.status_code, answer.json()) == (
        404, {"error": "no report 'second'; /__query_guard__/api/requests lists those that are kept"},
    )  # fmt: skip


async def test_without_libcst_it_says_what_to_install(
    app: FastAPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "libcst.py").write_text("raise ImportError('gone')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "first"), prepend=os.pathsep)
    answer = await get(app, f"{API}/first/fix")
    assert (answer.status_code, answer.json()) == (
        409,
        {
            "error": "expected LibCST, which changes source files, and it cannot be imported: gone; "
            "install fastapi-query-guard[fix]"
        },
    )


async def test_meanwhile_the_event_loop_and_the_threads_of_the_application_are_free(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, allowed = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slow(findings: list[dict[str, Any]]) -> dict[str, Any]:
        loop.call_soon_threadsafe(begun.set)
        allowed.wait()
        return {"changes": [], "left": []}

    monkeypatch.setattr(fixes, "fixes_of", slow)
    waiting = asyncio.create_task(get(app, f"{API}/first/fix"))
    try:
        await begun.wait()
        assert (await get(app, f"{API}/first")).json()["id"] == "first"
        assert to_thread.current_default_thread_limiter().borrowed_tokens == 0
    finally:
        allowed.set()
    assert (await waiting).json() == {"changes": [], "left": []}
