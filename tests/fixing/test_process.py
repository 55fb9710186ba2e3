"""The process that makes diffs: one at a time, and what is said where it has failed."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from query_guard.fixing import process
from query_guard.fixing.process import fixes_of


def test_a_process_that_was_killed_is_named_by_its_exit_status(monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(command: list[str], **_: Any) -> None:
        raise subprocess.CalledProcessError(-11, command, "", "")

    monkeypatch.setattr(subprocess, "run", killed)
    with pytest.raises(process.NoDiff) as refused:
        process.fixes_of([])
    assert str(refused.value) == (
        "the process that makes the diff has failed: it ended with exit status -11; see what 'query-guard fix' says"
    )


@pytest.mark.parametrize(
    ("output", "why"),
    [("", "Expecting value: line 1 column 1 (char 0)"), ("{} more", "Extra data: line 1 column 4 (char 3)")],
)
def test_an_answer_that_is_no_json_is_said(output: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 0, output))
    with pytest.raises(process.NoDiff) as refused:
        process.fixes_of([])
    assert str(refused.value) == (f"the process that makes the diff has failed: {why}; see what 'query-guard fix' says")


def test_one_process_runs_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    running: list[int] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        running.append(1)
        Event().wait(0.05)  # time for others to begin
        assert len(running) == 1
        running.clear()
        return subprocess.CompletedProcess(command, 0, "{}")

    monkeypatch.setattr(subprocess, "run", run)
    with ThreadPoolExecutor(4) as pool:
        assert [*pool.map(fixes_of, [[]] * 4)] == [{}] * 4
