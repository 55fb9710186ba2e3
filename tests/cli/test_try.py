"""`query-guard try`: a fix in the next request, on a clock that only the test moves."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.orm import Session

from query_guard.cli import try_fix
from query_guard.cli.main import main
from tests.cli.serving import PATIENCE, Server
from tests.cli.test_wait import Clock
from tests.models import Base, User, sample
from tests.serving import KEY

pytestmark = pytest.mark.once
FILE = "tests/cli/test_try.py"


class LoopServer(Server):
    """A server whose `/loop` has a loop of lazy loads, and no remedy for `/users`."""

    def _application(self, options: dict[str, object]) -> FastAPI:
        app = super()._application(options)
        Base.metadata.create_all(self.engine)
        with Session(self.engine) as session:
            session.add_all(sample())
            session.commit()

        @app.get("/loop")
        def loop(first: int = 0) -> list[int]:
            with Session(self.engine) as session:
                users = session.scalars(select(User).where(User.id > first)).all()
                return [len(user.posts) for user in users]

        self.line = loop.__code__.co_firstlineno + 3
        return app

    def visit_tried(self, path: str) -> None:
        """Send the request of a trial: the first report is kept anew, and then that of the request."""
        self.visit(path)
        self.history.added.get(timeout=PATIENCE)


@pytest.fixture(name="server")
def looping_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopServer]:
    monkeypatch.setenv("QUERY_GUARD_DEBUG_TOKEN", KEY)
    served = LoopServer()
    served.start()
    yield served
    served.stop()
    served.engine.dispose()


def test_it_says_what_to_send_and_what_came_of_it(
    server: LoopServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server.visit("/loop")
    monkeypatch.setattr(
        try_fix,
        "time",
        Clock(lambda: server.visit("/users"), lambda: server.visit_tried("/loop")),
    )
    assert main(["try", "latest", "--url", server.url]) == 0
    assert capsys.readouterr() == (
        "GET /loop: 6 -> 2 statements; the fix of User.posts works\n",
        f"Send GET /loop within a minute: it runs with selectinload(User.posts) at {FILE}:{server.line}\n",
    )


def test_what_is_not_proven_ends_with_one(
    server: LoopServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = server.visit("/loop")
    monkeypatch.setattr(try_fix, "time", Clock(lambda: server.visit_tried("/loop?first=2")))
    assert main(["try", first, "--url", server.url]) == 1
    assert capsys.readouterr().out == (
        "GET /loop: 6 -> 2 statements; the fix of User.posts may work: its path or query was another one\n"
    )


def test_programs_get_the_trial_and_the_findings(
    server: LoopServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = server.visit("/loop")
    monkeypatch.setattr(try_fix, "time", Clock(lambda: server.visit_tried("/loop")))
    assert main(["try", first, "--json", "--url", server.url]) == 0
    printed = json.loads(capsys.readouterr().out)
    works = {"before": 6, "after": 2, "outcome": "works"}
    assert printed["trial"] == {"of": first, **works}
    assert [(finding["remedy"], finding["tried"]) for finding in printed["findings"]] == [
        ("selectinload(User.posts)", works)
    ]
    report = server.history.get(printed["id"])
    assert report is not None
    assert report.query_count == 2


def test_it_gives_up_after_a_minute(
    server: LoopServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = server.visit("/loop")
    clock = Clock(lambda: server.visit("/users"))
    monkeypatch.setattr(try_fix, "time", clock)
    assert main(["try", first, "--url", server.url]) == 2
    assert clock.now == 60.0
    assert capsys.readouterr().err.splitlines()[1:] == [
        f"query_guard: expected a request of 'GET /loop' at '{server.url}' within 60 s, and none came that could run "
        f"with the fixes; try again with 'query-guard try {first}', and send it then"
    ]


def test_where_nothing_can_be_tried_it_says_why(server: LoopServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.visit("/users")
    assert main(["try", "latest", "--url", server.url]) == 2
    assert capsys.readouterr() == (
        "",
        "query_guard: expected a finding whose whole fix is a loader option, and there is none; edit the code as 'fix' "
        "says\n",
    )
