"""A file that was edited while the application runs may hold anything: nothing is told of its lines then."""

from __future__ import annotations

from pathlib import Path

import pytest

from query_guard.detectors.remedies.scopes import scope_at
from query_guard.detectors.remedies.written import chosen_elsewhere
from query_guard.records import CallSite, Frame
from tests.reports import statement

SOURCES = {
    "whole": "def run(session, statement):\n    return session.scalars(statement)\n",
    "no Python": "def run(session, statement:\n    return session.scalars(statement)\n",
    "a bracket that is not closed": "def run(session, statement):\n    return session.scalars(statement\n",
    "a text that is not closed": "def run(session, statement):\n    return session.scalars('''statement)\n",
    "a wrong character": "def run(session, statement):\n    return session.scalars(statement) \0\n",
    "shorter": "pass\n",
    "empty": "",
}


@pytest.mark.parametrize(("name", "source"), SOURCES.items())
@pytest.mark.parametrize("function", ["run", "<module>"])
def test_a_line_is_understood_or_nothing_is_told_of_it(name: str, source: str, function: str, tmp_path: Path) -> None:
    file = tmp_path / "crud.py"
    file.write_text(source)
    frame = Frame(str(file), 2, function, 1)
    words, caller = chosen_elsewhere(statement(site=CallSite(1, (frame,), "", False, "scalars")))
    assert caller is None
    assert bool(words) is (scope_at(frame) is not None) is (name == "whole")
