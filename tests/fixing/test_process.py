"""What is said where the process that makes a diff has failed."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from query_guard.fixing import process


def test_a_process_that_was_killed_is_named_by_its_exit_status(monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(command: list[str], **_: Any) -> None:
        raise subprocess.CalledProcessError(-11, command, "", "")

    monkeypatch.setattr(subprocess, "run", killed)
    with pytest.raises(process.NoDiff) as refused:
        process.fixes_of([])
    assert str(refused.value) == (
        "the process that makes the diff has failed: it ended with exit status -11; see what 'query-guard fix' says"
    )
