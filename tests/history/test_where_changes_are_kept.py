"""Changes are looked for where somebody develops: with `debug`, outside of tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from query_guard import QueryGuard
from query_guard.judge.pipeline import Pipeline
from query_guard.own_errors import own_errors
from tests.reports import report_with


async def app(*_: Any) -> None: ...


@pytest.fixture
def developing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("query_guard.history.changes.is_test_run", lambda: False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.mark.usefixtures("developing")
@pytest.mark.parametrize(("debug", "enabled", "kept"), [(True, "", True), (False, "", False), (True, "0", False)])
def test_with_debug_alone(debug: bool, enabled: str, kept: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERY_GUARD_ENABLED", enabled)
    guard = QueryGuard(app, debug=debug)
    assert (guard._setup.pipeline.changes is not None) == kept


def test_not_in_a_test_run() -> None:
    assert QueryGuard(app, debug=True)._setup.pipeline.changes is None


@pytest.mark.usefixtures("developing")
def test_in_a_directory_that_was_deleted_it_is_kept_in_memory(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def deleted() -> str:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr("query_guard.own_errors._logged", set())
    monkeypatch.setattr("os.getcwd", deleted)
    before = own_errors()
    assert QueryGuard(app, debug=True)._setup.pipeline.changes is not None
    assert own_errors(before) == {}, "the guard's numbers are right all the same"
    assert ["what routes did cannot be kept" in record.getMessage() for record in caplog.records] == [True]


def test_a_report_that_cannot_be_compared_is_a_report_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing:
        def of(self, _report: Any) -> None:
            raise ValueError("no")

    monkeypatch.setattr("query_guard.own_errors._logged", set())
    pipeline = Pipeline([], [])
    pipeline.changes = Failing()  # type: ignore[assignment]  # a fake that fails
    assert [pipeline.change_of(report_with()) for _ in range(2)] == [None, None]
    assert len(caplog.records) == 1
