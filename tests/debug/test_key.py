"""Where the key comes from, and where it is kept; each in a process of its own, as none is made in a test run."""

from __future__ import annotations

import logging
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from query_guard.debug.access import Access
from query_guard.debug.key import Key, NoKey, chosen_key, kept_key, key_file, made_key
from query_guard.user_state import state_directory

SERVER = {"type": "lifespan", "asgi": {"version": "3.0"}}

START = """
import asyncio, logging, sys
from query_guard import QueryGuard

async def life(scope, receive, send):
    for _ in range(2):
        await send({{"type": (await receive())["type"] + ".complete"}})

async def serve():
    messages = iter(({{"type": "lifespan.startup"}}, {{"type": "lifespan.shutdown"}}))

    async def receive():
        return next(messages)

    async def send(message):
        print(message["type"])

    await guarded({scope}, receive, send)

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stdout)
guarded = QueryGuard(life, {options})
asyncio.run(serve())
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give this test's own state directory, which does not exist yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def start(options: str = "debug=True", scope: str = str(SERVER), **environment: str) -> list[str]:
    """Return what the start of a server writes, line by line."""
    code = START.format(options=options, scope=scope)
    surroundings = {**os.environ, **environment}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=surroundings, check=True)
    assert ran.stderr == ""
    return ran.stdout.splitlines()


STARTED = ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_the_first_start_makes_the_key_and_says_where_it_is_but_not_what(home: Path) -> None:
    lines = start()
    file = home / "query_guard" / "key"
    assert lines == [
        f"WARNING query_guard: reports are under '/__query_guard__/' for those who have the key, which is in the file "
        f"'{file}'; 'python -m query_guard open' makes a link",
        *STARTED,
    ]
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file.parent, file)] == [0o700, 0o600]
    assert [path.name for path in file.parent.iterdir()] == ["key"]
    key = file.read_text()
    assert len(key) == 44
    assert start() == lines
    assert file.read_text() == key


def test_each_user_has_another_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = set()
    for name in ("a", "b"):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / name))
        keys.add(made_key().secret)
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("options", "scope", "environment"),
    [
        ("debug=False", str(SERVER), {}),
        ("debug=True", str(SERVER), {"QUERY_GUARD_ENABLED": "0"}),
        ("debug=True", "{'type': 'lifespan', 'state': {}}", {}),
    ],
    ids=["without debug", "switched off", "a test client's lifespan"],
)
def test_no_key_is_made_where_none_is_needed(home: Path, options: str, scope: str, environment: dict[str, str]) -> None:
    assert start(options, scope, **environment) == STARTED
    assert not home.exists()


def test_no_key_is_made_or_read_in_a_test_run(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "query_guard")
    access = Access("/__query_guard__", None)
    access.start(SERVER)
    assert not home.exists()
    made_key()
    assert access.key is None
    assert caplog.records == []


@pytest.mark.parametrize(
    ("options", "place"),
    [
        (f"debug=True, debug_token='{'t' * 16}'", "debug_token (the command takes it from QUERY_GUARD_DEBUG_TOKEN)"),
        ("debug=True, debug_path='/a b'", "the variable QUERY_GUARD_DEBUG_TOKEN"),
    ],
)
def test_a_key_that_was_chosen_is_kept_nowhere(home: Path, options: str, place: str) -> None:
    command = "python -m query_guard open" + (" --path '/a b'" if "/a b" in options else "")
    path = "/a b" if "/a b" in options else "/__query_guard__"
    assert start(options, QUERY_GUARD_DEBUG_TOKEN="v" * 16) == [
        f"INFO query_guard: reports are under '{path}/' for those who have the key, which is in {place}; "
        f"'{command}' makes a link",
        *STARTED,
    ]
    assert not home.exists()


def test_processes_that_start_at_once_share_one_key(home: Path) -> None:
    code = (
        "import sys; from query_guard.debug.key import made_key; print(flush=True); sys.stdin.read(1); "
        "print(made_key().secret)"
    )
    racers = [
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    for racer in racers:
        assert racer.stdout is not None
        racer.stdout.readline()
    outputs = {racer.communicate("x")[0] for racer in racers}
    file = home / "query_guard" / "key"
    assert outputs == {f"{file.read_bytes().strip()!r}\n"}
    assert [path.name for path in file.parent.iterdir()] == ["key"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_who_loses_the_race_takes_the_winners_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def too_late(source: str, target: Path) -> None:
        target.write_bytes(b"the-key-of-the-winner")
        link(source, target)

    monkeypatch.setattr(os, "link", too_late)
    assert made_key() == Key(b"the-key-of-the-winner", f"the file '{home / 'query_guard' / 'key'}'")


def test_another_file_can_be_named_and_ends_as_editors_end_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mounted"
    file.write_bytes(b"of-the-composition \r\n")
    monkeypatch.setenv("QUERY_GUARD_KEY_FILE", str(file))
    assert kept_key() == made_key() == Key(b"of-the-composition", f"the file '{file}'")
    monkeypatch.setenv("QUERY_GUARD_KEY_FILE", "~/mounted")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert key_file() == file


@pytest.mark.parametrize("content", [b"", b"short", b"has a blank in the middle", b"\x00" * 20])
def test_what_is_no_key_is_not_taken_for_one(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key"
    file.write_bytes(content)
    monkeypatch.setenv("QUERY_GUARD_KEY_FILE", str(file))
    with pytest.raises(NoKey) as raised:
        made_key()
    assert str(raised.value) == (
        f"the file '{file}' must hold a key of at least 16 characters without blanks, and holds something else"
    )
    assert file.read_bytes() == content


@pytest.mark.parametrize("value", ["short", "has a blank in the middle"])
def test_a_variable_that_is_no_key_closes_the_endpoint(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERY_GUARD_DEBUG_TOKEN", value)
    with pytest.raises(NoKey) as raised:
        chosen_key()
    assert str(raised.value) == (
        "the variable QUERY_GUARD_DEBUG_TOKEN must hold a key of at least 16 characters without blanks, and holds "
        "something else"
    )


@pytest.mark.parametrize("value", ["", "  \n"])
def test_an_empty_variable_is_unset(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERY_GUARD_DEBUG_TOKEN", value)
    monkeypatch.setenv("QUERY_GUARD_KEY_FILE", "")
    assert chosen_key() is None
    assert key_file().name == "key"


def test_keys_are_bytes_whatever_characters_they_are_made_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "QUERY_GUARD_DEBUG_TOKEN", "Schlüssel-der-Runde\udcff\n")
    variable = chosen_key()
    option = chosen_key("a-lone-surrogate-\ud800")
    assert variable is not None
    assert option is not None
    assert variable.secret == "Schlüssel-der-Runde".encode() + b"\xff"
    assert option.secret == b"a-lone-surrogate-\xed\xa0\x80"


def test_where_it_cannot_be_kept_one_error_says_what_to_set(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    lines = start(XDG_STATE_HOME=str(file))
    assert lines == [
        f"ERROR query_guard: the key file '{file}/query_guard/key' cannot be read: Not a directory; the key used "
        "instead is in memory alone, and nobody can read it: set QUERY_GUARD_DEBUG_TOKEN for the application and for "
        "'python -m query_guard open'",
        *STARTED,
    ]


def test_where_files_cannot_be_linked_the_key_is_not_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    with pytest.raises(NoKey, match=r"^the key file '.*/key' cannot be written: Operation not permitted$"):
        made_key()
    assert list((home / "query_guard").iterdir()) == []


def test_a_user_without_a_home_has_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(NoKey, match="no home directory for the key, and QUERY_GUARD_KEY_FILE names no file"):
        made_key()


@pytest.mark.parametrize(
    ("platform", "variable", "value", "expected"),
    [
        ("linux", "XDG_STATE_HOME", "/states", "/states"),
        ("linux", "XDG_STATE_HOME", "relative", "/home/me/.local/state"),
        ("linux", "XDG_STATE_HOME", "", "/home/me/.local/state"),
        ("darwin", "XDG_STATE_HOME", "", "/home/me/Library/Application Support"),
        ("win32", "LOCALAPPDATA", "/users/me/local", "/users/me/local"),
        ("win32", "LOCALAPPDATA", "", "/home/me/AppData/Local"),
    ],
)
def test_the_state_directory_is_that_of_the_platform(
    platform: str, variable: str, value: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv(variable, value)
    assert state_directory(platform) == Path(expected) / "query_guard"


def test_a_mounted_application_finds_the_key_that_a_server_made(home: Path) -> None:
    start()
    code = "from query_guard.debug.access import Access; print(Access('/__query_guard__', None).key.secret.decode())"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == (home / "query_guard" / "key").read_text()


def test_a_key_that_others_may_have_chosen_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key"
    file.write_text("chosen-by-somebody-else")
    monkeypatch.setenv("QUERY_GUARD_KEY_FILE", str(file))
    file.chmod(0o644)
    assert kept_key() == Key(b"chosen-by-somebody-else", f"the file '{file}'")
    file.chmod(0o666)
    with pytest.raises(NoKey, match="may be written by everybody; take that right away: chmod o-w"):
        kept_key()
    file.chmod(0o600)
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    monkeypatch.setattr(os, "fstat", lambda _: os.stat_result((stat.S_IFREG | 0o600, 0, 0, 1, 4711, *[0] * 5)))
    with pytest.raises(NoKey, match="must belong to this user or root, and belongs to user 4711"):
        made_key()


def test_a_pipe_is_no_key_file_and_keeps_nobody_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key"
    os.mkfifo(file)
    monkeypatch.setenv("QUERY_GUARD_KEY_FILE", str(file))
    with pytest.raises(NoKey, match="must be a regular file, and is something else"):
        kept_key()


def test_a_link_to_a_key_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("mounted-by-the-orchestrator")
    (tmp_path / "key").symlink_to("secret")
    monkeypatch.setenv("QUERY_GUARD_KEY_FILE", str(tmp_path / "key"))
    assert kept_key() == Key(b"mounted-by-the-orchestrator", f"the file '{tmp_path / 'key'}'")
