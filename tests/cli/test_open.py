"""`python -m query_guard open`."""

from __future__ import annotations

import os
import subprocess
import sys
import webbrowser
from pathlib import Path

import pytest

from query_guard.cli.main import main
from query_guard.debug.key import Key, made_key
from query_guard.debug.signing import signed

KEY = Key(b"the-key-of-these-tests", "tests")
NOW = 1_800_000_000
TICKET = signed(KEY, "ticket", NOW)
GRAPHICAL = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the key, the clock, and no browser."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("QUERY_GUARD_DEBUG_TOKEN", KEY.secret.decode())
    monkeypatch.setattr("time.time", lambda: NOW)
    for name in GRAPHICAL:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the links that a browser was asked to open."""
    links: list[str] = []

    def note(link: str) -> bool:
        links.append(link)
        return True

    monkeypatch.setattr(webbrowser, "open", note)
    return links


@pytest.mark.parametrize(
    ("words", "address"),
    [
        ([], "http://127.0.0.1:8000/__query_guard__/"),
        (["--url", "http://localhost:9000/"], "http://localhost:9000/__query_guard__/"),
        (["--url", "https://shop.example.org/api"], "https://shop.example.org/api/__query_guard__/"),
        (["--path", "/internal/my queries/"], "http://127.0.0.1:8000/internal/my%20queries/"),
    ],
)
def test_it_prints_a_link_with_a_ticket(
    words: list[str], address: str, opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["open", *words]) == 0
    assert capsys.readouterr() == (f"{address}?ticket={TICKET}\n", "It is good for 60 seconds.\n")
    assert opened == []


@pytest.mark.parametrize("name", GRAPHICAL)
def test_it_opens_the_link_where_there_is_a_window(
    name: str, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, ":0")
    assert main(["open", "--print"]) == 0
    assert opened == []
    assert main(["open"]) == 0
    assert opened == [f"http://127.0.0.1:8000/__query_guard__/?ticket={TICKET}"]


def test_a_browser_that_fails_takes_nothing_with_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_link: str) -> bool:
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(webbrowser, "open", broken)
    assert main(["open"]) == 0
    assert TICKET in capsys.readouterr().out


def test_it_takes_the_key_that_the_servers_of_this_user_share(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("QUERY_GUARD_DEBUG_TOKEN")
    made = made_key()
    assert main(["open"]) == 0
    assert capsys.readouterr().out.endswith(f"?ticket={signed(made, 'ticket', NOW)}\n")


def test_without_a_key_it_says_what_it_looked_for_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("QUERY_GUARD_DEBUG_TOKEN")
    assert main(["open"]) == 2
    assert capsys.readouterr() == (
        "",
        "query_guard: expected the key of the application in the variable QUERY_GUARD_DEBUG_TOKEN, which is not set, "
        f"or in the file '{tmp_path}/query_guard/key', which does not exist; start the application with "
        "QueryGuard(debug=True) as this user: it makes the file; or set QUERY_GUARD_DEBUG_TOKEN (to its "
        "debug_token, if it has one) or QUERY_GUARD_KEY_FILE as they are set for the application\n",
    )
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_cannot_be_used_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QUERY_GUARD_DEBUG_TOKEN", "short")
    assert main(["open"]) == 2
    assert capsys.readouterr().err == (
        "query_guard: the variable QUERY_GUARD_DEBUG_TOKEN must hold a key of at least 16 characters without blanks, "
        "and holds something else\n"
    )


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (
            ["open", "--url", "localhost:8000"],
            "expected an address such as http://127.0.0.1:8000, got 'localhost:8000'",
        ),
        (["open", "--url", "http://h/?a=b"], "expected an address such as http://127.0.0.1:8000, got 'http://h/?a=b'"),
        (["open", "--url", "http://[:8000"], "expected an address such as http://127.0.0.1:8000, got 'http://[:8000'"),
        (["open", "--path", "queries"], "expected the debug_path of the application, such as /__query_guard__, got 'q"),
        ([], "the following arguments are required: COMMAND"),
        (["close"], "invalid choice: 'close'"),
    ],
)
def test_wrong_words_are_said_to_be_wrong(words: list[str], error: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(words)
    assert raised.value.code == 2
    assert error in capsys.readouterr().err


def test_the_module_runs_and_needs_nothing_but_the_standard_library() -> None:
    code = (
        "import runpy, sys; sys.argv = ['query_guard', 'open', '--print']\n"
        "try: runpy.run_module('query_guard', run_name='__main__')\n"
        "except SystemExit as end: print(end.code)\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'sqlalchemy', 'starlette', 'structlog'}))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ))
    link, code, modules = ran.stdout.splitlines()
    assert link.startswith("http://127.0.0.1:8000/__query_guard__/?ticket=")
    assert (code, modules) == ("0", "[]")
