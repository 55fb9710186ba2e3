"""A trial gives a listener to executions of sessions, and takes none away."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from query_guard.capture.hooks import loader_trial
from query_guard.capture.window.trial import Trial, in_process
from tests.models import Base, Tag

EXECUTE = "_execute_internal"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """Try an option that belongs nowhere, and note for which executions it is asked."""
    monkeypatch.setattr(Session, EXECUTE, getattr(Session, EXECUTE))
    assert loader_trial.install()
    asked: list[object] = []
    option: Any = SimpleNamespace(belongs=asked.append)
    trial = Trial(lambda: [option], only_reads=False)
    in_process.append(trial)
    yield asked
    in_process.remove(trial)


def test_a_listener_that_an_execution_has_already_stays(asked: list[object]) -> None:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    own: list[Any] = []
    with Session(engine) as session:
        session.execute(select(Tag), _add_event=own.append)
        assert (len(own), len(asked)) == (1, 0)
        session.execute(select(Tag))
        assert (len(own), len(asked)) == (1, 1)
