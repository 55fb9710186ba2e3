"""An application under `uvicorn --reload`: its code is edited; log, command line and JSON say what has changed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.example_app.test_serve import environment, free_port, get
from tests.serving import KEY, WITH_KEY
from tests.test_servers import serving

pytestmark = pytest.mark.once

APPLICATION = """
from fastapi import FastAPI
from query_guard import QueryGuard
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from sqlalchemy.pool import StaticPool

from options import OPTIONS

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    posts: Mapped[list["Post"]] = relationship()

class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))

engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
Base.metadata.create_all(engine)
with Session(engine) as session:
    session.add_all([User(posts=[Post()]) for _ in range(10)])
    session.commit()

app = FastAPI()
app.add_middleware(QueryGuard, debug=True)

@app.get("/version")
def version() -> int:
    return len(OPTIONS)

@app.get("/users")
def users() -> list[int]:
    with Session(engine) as session:
        return [len(user.posts) for user in session.scalars(select(User).options(*OPTIONS))]
"""
LAZY = "OPTIONS = ()\n"
EAGER = "from sqlalchemy.orm import selectinload\nOPTIONS = (selectinload('*'),)\n"
PATIENCE = 120


def wait_for_version(base: str, version: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while version_of(base) != version:
        assert time.monotonic() < deadline, "the server has not reloaded"
        time.sleep(0.2)


def version_of(base: str) -> int:
    try:
        return int(get(f"{base}/version").text)
    except httpx.TransportError:  # the server was stopped as it answered
        return -1


def latest(base: str, *options: str, **variables: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "query_guard", "latest", "--url", base, *options],
        env=environment(QUERY_GUARD_DEBUG_TOKEN=KEY, **variables),
        stdout=subprocess.PIPE, text=True, check=True,
    ).stdout  # fmt: skip


def test_what_an_edit_has_mended_is_said_after_the_reload(tmp_path: Path) -> None:
    code, state = tmp_path / "code", tmp_path / "state"
    code.mkdir()
    (code / "served.py").write_text(APPLICATION)
    (code / "options.py").write_text(LAZY)
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    variables = {"QUERY_GUARD_DEBUG_TOKEN": KEY, "XDG_STATE_HOME": str(state)}
    command = [sys.executable, "-m", "uvicorn", "served:app", "--reload", "--port", str(port)]
    with serving(command, code, **variables) as process:
        wait_for_version(base, 0)
        lazy = get(f"{base}/users")
        before = read(base)
        (code / "options.py").write_text(EAGER)
        wait_for_version(base, 1)
        eager = get(f"{base}/users")
        after = read(base)
        text = latest(base)
        as_json: dict[str, Any] = json.loads(latest(base, "--json"))
        process.terminate()
        output = process.stdout.read() if process.stdout is not None else ""
    assert (lazy.headers["x-query-count"], eager.headers["x-query-count"]) == ("11", "2")
    assert before["change"] is None
    change = after["change"]
    assert change == as_json["change"]
    assert before["pid"] != after["pid"]
    sentence = change.pop("sentence")
    then = change.pop("since")
    assert then == before["started_at"]
    gone = {"kind": "n_plus_one", "relationship": "User.posts", "function": "users"}
    assert change == {"before": 11, "after": 2, "gone": [gone], "new": []}
    assert sentence.startswith("GET /users: 11 -> 2 statements since ")
    assert sentence.endswith("; User.posts gone")
    assert f"  change: {sentence}\n" in text
    assert output.count(f"query_guard.change {sentence}") == 1
    (file,) = (state / "query_guard").glob("changes-*")
    assert file.stat().st_mode & 0o777 == 0o600


def read(base: str) -> dict[str, Any]:
    """Return the report of the last request as JSON."""
    report: dict[str, Any] = httpx.get(
        f"{base}/__query_guard__/api/requests/latest", headers=WITH_KEY, trust_env=False
    ).json()
    return report
