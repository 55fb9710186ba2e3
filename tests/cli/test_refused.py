"""What commands say where there is no debug endpoint to read, and what they never do then: send the key elsewhere."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from query_guard.cli.main import main
from tests.cli.foreign import Foreign
from tests.cli.serving import Server
from tests.example_app.test_serve import free_port
from tests.serving import KEY

pytestmark = pytest.mark.once

COMMANDS = [["latest"], ["list"], ["show", "x"], ["wait"], ["compare", "/a"], ["compare", "a", "b"]] + [
    [name] for name in ("routes", "statements", "pools")
]
CAUSES = (
    "its debug is off (start it with QueryGuard(debug=True) or QUERY_GUARD_DEBUG=1), or its debug_path is another one "
    "(say it with --path), or its key is not the one that was sent, from {place} (set QUERY_GUARD_DEBUG_TOKEN or "
    "QUERY_GUARD_KEY_FILE as they are set for the application)"
)
VARIABLE = "the variable QUERY_GUARD_DEBUG_TOKEN"


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_application(words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("QUERY_GUARD_DEBUG_TOKEN", KEY)
    url = f"http://127.0.0.1:{free_port()}"
    refused = f"[Errno {errno.ECONNREFUSED}] {os.strerror(errno.ECONNREFUSED)}"
    assert said(capsys, *words, "--url", url) == (
        f"query_guard: expected an application at '{url}', and it cannot be read: {refused}; "
        "start the application, or say with --url where it is\n"
    )


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_wrong_key_in_a_file(
    words: list[str],
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "key"
    file.write_text("another-key-than-theirs")
    file.chmod(0o600)
    monkeypatch.delenv("QUERY_GUARD_DEBUG_TOKEN")
    monkeypatch.setenv("QUERY_GUARD_KEY_FILE", str(file))
    assert said(capsys, *words, "--url", server.url) == (
        f"query_guard: expected the debug endpoint at '{server.url}/__query_guard__', and the application itself "
        f"answers 404: {CAUSES.format(place=f'the file {str(file)!r}')}\n"
    )


def test_another_path(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "latest", "--url", server.url, "--path", "/queries") == (
        f"query_guard: expected the debug endpoint at '{server.url}/queries', and the application itself answers 404: "
        f"{CAUSES.format(place=VARIABLE)}\n"
    )


def test_debug_that_is_off(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.stop()
    server.start(debug=False)
    assert said(capsys, "latest", "--url", server.url).endswith(f" answers 404: {CAUSES.format(place=VARIABLE)}\n")


def test_another_debug_path_is_found_when_it_is_named(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.stop()
    server.start(debug_path="/my queries")
    server.visit("/users?n=1")
    assert main(["latest", "--url", server.url, "--path", "/my queries"]) == 0
    assert capsys.readouterr().out.startswith("GET /users: 1 query in ")


@pytest.mark.parametrize(
    ("answer", "words", "error"),
    [
        ((200, "text/html", b"<p>Hello"), ["latest"], f"answers 200 with 'text/html': {CAUSES.format(place=VARIABLE)}"),
        ((401, "application/json", b"{}"), ["pools"], f"answers 401: {CAUSES.format(place=VARIABLE)}"),
        (
            (502, "text/html", b""),
            ["list"],
            "and the answer is 502; see the log of the application, or of the proxy before it",
        ),
        ((500, "text/html", b""), ["list"], "and the answer is 500; see the log"),
        ((499, "text/html", b""), ["list"], f"answers 499: {CAUSES.format(place=VARIABLE)}"),
        ((200, "application/json", b'{"a": 1}'), ["routes"], "got JSON without the list 'routes'; check --url"),
        ((200, "application/json", b'{"requests": [1]}'), ["wait"], "got JSON without the list 'requests'; check"),
        ((200, "application/json", b"[]"), ["compare", "/a"], "got a JSON list; check --url and --path, and use the"),
        ((200, "application/json", b"{"), ["pools"], "got no JSON (Expecting property name"),
        ((200, "application/json", b"\xff"), ["pools"], "got no JSON ('utf-8' codec can't decode"),
        ((200, "application/json", b'{"id": "a"}'), ["compare", "a", "b"], "and 'a' lacks kind, method, route, path,"),
    ],
)
def test_another_server(
    answer: tuple[int, str, bytes],
    words: list[str],
    error: str,
    foreign: list[Foreign],
    capsys: pytest.CaptureFixture[str],
) -> None:
    foreign[0].answer = answer
    assert error in said(capsys, *words, "--url", foreign[0].url)


def test_the_key_follows_no_redirect(foreign: list[Foreign], capsys: pytest.CaptureFixture[str]) -> None:
    first, second = foreign
    first.answer, first.to = (302, "text/plain", b""), f"{second.url}/"
    assert "answers 302: its debug is off" in said(capsys, "latest", "--url", first.url)
    assert (first.got, second.got) == ([f"Bearer {KEY}"], [])


def test_the_key_goes_to_no_proxy_where_the_application_is_on_this_machine(
    foreign: list[Foreign], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, proxy = foreign
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.delenv("no_proxy", raising=False)
    first.answer = (200, "text/plain", b"a\x1b[31mreport\nof caf\xe9")
    assert main(["latest", "--url", first.url]) == 0
    assert capsys.readouterr().out == "a\N{REPLACEMENT CHARACTER}[31mreport\nof caf\N{REPLACEMENT CHARACTER}\n"
    assert (first.got, proxy.got) == ([f"Bearer {KEY}"], [])


@pytest.mark.parametrize("url", ["http://127.0.0.1:port", "http://a b"])
def test_an_address_that_cannot_be_one(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QUERY_GUARD_DEBUG_TOKEN", KEY)
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert f"expected an application at {url!r}, and it cannot be read: " in said(capsys, "latest", "--url", url)


def test_without_a_key_nothing_is_sent(
    foreign: list[Foreign], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("QUERY_GUARD_DEBUG_TOKEN")
    monkeypatch.setenv("QUERY_GUARD_KEY_FILE", str(tmp_path / "none"))
    assert f"or in the file '{tmp_path}/none', which does not exist;" in said(capsys, "list", "--url", foreign[0].url)
    assert foreign[0].got == []
