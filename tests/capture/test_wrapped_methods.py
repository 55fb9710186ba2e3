"""What the guard wraps of SQLAlchemy keeps its names and docstrings, and says what it wraps: others read them, too."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

import pytest
from sqlalchemy.orm import Session

import query_guard
from query_guard.capture.hooks import loader_trial
from query_guard.capture.hooks.install import install

EXECUTE = "_execute_internal"
PACKAGE = str(Path(query_guard.__file__).parent)


def wrapped() -> Iterator[tuple[str, str, FunctionType]]:
    """Yield the class, the name and the function of each method of SQLAlchemy that is one of ours."""
    modules = [module for name, module in [*sys.modules.items()] if name.partition(".")[0] == "sqlalchemy"]
    classes = {each for module in modules for each in vars(module).values() if isinstance(each, type)}
    for owner in classes:
        for name, function in vars(owner).items():
            if isinstance(function, FunctionType) and function.__code__.co_filename.startswith(PACKAGE):
                yield owner.__name__, name, function


def test_each_wrapped_method_is_still_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    install()
    monkeypatch.setattr(Session, EXECUTE, getattr(Session, EXECUTE))  # what follows is undone
    loader_trial.install()
    found = [*wrapped()]
    assert {("Pool", "connect"), ("DefaultDialect", "do_execute")} <= {(owner, name) for owner, name, _ in found}
    assert len(found) > 15
    for owner, name, function in found:
        original = inspect.unwrap(function)
        assert original.__module__.startswith("sqlalchemy"), (owner, name)
        assert name.endswith(function.__name__), (owner, name)
        assert function.__doc__ == original.__doc__, (owner, name)
