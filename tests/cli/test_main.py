"""What holds for all commands: how they end, and what they need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from query_guard.cli import wait
from query_guard.cli.main import main
from tests.cli.serving import Server

pytestmark = pytest.mark.once


def test_a_reader_that_has_seen_enough_is_no_error(server: Server) -> None:
    server.visit("/users")
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "query_guard", "list", "--url", server.url]
    ran = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (0, b"")


def test_a_terminal_that_knows_ascii_alone_gets_ascii(server: Server) -> None:
    server.stop()
    server.start(debug_path="/caf\N{LATIN SMALL LETTER E WITH ACUTE}")
    command = [sys.executable, "-m", "query_guard", "list", "--url", server.url]
    variables = {**os.environ, "PYTHONIOENCODING": "ascii"}
    path = ["--path", "/caf\N{LATIN SMALL LETTER E WITH ACUTE}"]
    ran = subprocess.run([*command, *path], env=variables, capture_output=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout.splitlines() == [rb"0 reports; /caf\xe9/api/requests/<id> shows one"]


def test_it_ends_when_it_is_interrupted(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(wait, "time", SimpleNamespace(monotonic=lambda: 0.0, sleep=interrupt))
    assert main(["wait", "--url", server.url]) == 130


@pytest.mark.parametrize("words", [[], ["baseline"]], ids=" ".join)
def test_without_a_command_it_says_how_it_is_used(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "the following arguments are required: COMMAND" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["merge"], ["baseline", "merge"]], ids=" ".join)
def test_merge_is_baseline_merge(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "shard.json"
    assert main([*words, str(tmp_path / "all.json"), str(missing)]) == 2
    assert str(missing) in capsys.readouterr().err


def test_reading_needs_nothing_but_the_standard_library(server: Server) -> None:
    server.visit("/users")
    code = (
        "import sys\n"
        "from query_guard.cli.main import main\n"
        "for words in (['list'], ['compare', 'latest', 'latest'], ['pools']):\n"
        f"    main([*words, '--url', '{server.url}'])\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'sqlalchemy', 'starlette', 'structlog'}))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    assert ran.stdout.splitlines()[-1] == "[]"


def test_the_help_lists_each_command_with_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["--help"])
    assert raised.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    for line in (
        "latest show the report of the last request ",
        "list list the reports that are kept, the newest first ",
        "show show one report ",
        "wait wait until the next request, ",
        "compare compare two reports, ",
        "baseline 'baseline merge' is 'merge'",
    ):
        assert line in said
