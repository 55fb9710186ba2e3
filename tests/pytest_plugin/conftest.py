from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def not_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the runs inside behave as on a machine of a developer, wherever they run."""
    monkeypatch.delenv("CI", raising=False)
