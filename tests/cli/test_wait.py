"""`query-guard wait`: the next request, on a clock that only the test moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from query_guard.cli import wait
from query_guard.cli.main import main
from tests.cli.serving import Server
from tests.example_app.test_serve import free_port
from tests.serving import KEY

pytestmark = pytest.mark.once


class Clock:
    """A clock on which time passes in sleep alone; in each sleep one of the things to come happens."""

    def __init__(self, *events: Callable[[], object]) -> None:
        self.events: Iterator[Callable[[], object]] = iter(events)
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        next(self.events, int)()


def test_it_shows_the_next_request_and_none_from_before(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server.visit("/users?n=5")
    monkeypatch.setattr(wait, "time", Clock(lambda: None, lambda: server.visit("/users?n=1")))
    assert main(["wait", "--url", server.url]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("GET /users: 1 query in ")
    assert err == "Waiting for the next request ...\n"


def test_it_shows_the_first_of_several_and_those_of_the_route_alone(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def requests() -> None:
        for path in ("/nowhere", "/users?n=2", "/users?n=1"):
            server.visit(path)

    monkeypatch.setattr(wait, "time", Clock(requests))
    assert main(["wait", "GET /users", "--url", server.url]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("GET /users: 2 queries in ")
    assert err == "Waiting for the next request of 'GET /users' ...\n"


def test_it_waits_while_the_application_restarts(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(wait, "time", Clock(server.stop, server.start, lambda: server.visit("/users?n=1")))
    assert main(["wait", "/users", "--url", server.url]) == 0
    assert capsys.readouterr().out.startswith("GET /users: 1 query in ")


def test_it_gives_up_after_a_time(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = Clock(lambda: server.visit("/users"))
    monkeypatch.setattr(wait, "time", clock)
    assert main(["wait", "/orders", "--timeout", "2", "--url", server.url]) == 2
    assert clock.now == 2.0
    assert capsys.readouterr() == (
        "",
        "Waiting for the next request of '/orders' ...\n"
        f"query_guard: expected a request of '/orders' at '{server.url}' within 2 s, and none came; send it, or wait "
        "longer with --timeout ('query-guard routes' shows how routes are written)\n",
    )


@pytest.mark.parametrize("seconds", ["0", "0.5", "1e3"])
def test_no_time_is_too_short(
    seconds: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QUERY_GUARD_DEBUG_TOKEN", KEY)
    assert main(["wait", f"--timeout={seconds}", "--url", f"http://127.0.0.1:{free_port()}"]) == 2
    assert "expected an application at" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["soon", "-0.1", "-1", "inf", "nan"])
def test_a_time_is_a_number_of_seconds(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["wait", f"--timeout={seconds}"])
    assert f"expected a number of seconds, got {seconds!r}" in capsys.readouterr().err
