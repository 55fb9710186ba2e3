"""Options that are being tried are added to the selects at their lines: no code of the application is touched.

Each execution of a session passes a method of SQLAlchemy that takes a `do_orm_execute` listener for itself alone. It is
wrapped once, where trials may be asked for, and gives the listener to executions in a trial. A listener of all sessions
would cost each execution a second preparation, and adding one while threads execute would break their executions.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from sqlalchemy.orm import Session

from query_guard.capture.origin.call_site import call_site
from query_guard.capture.origin.option_objects import option_objects
from query_guard.capture.window.trial import Trial, in_process, trials, trying
from query_guard.own_errors import contained, report_own_error
from query_guard.records import PlacedOption

_EXECUTE, _LISTENER = "_execute_internal", "_add_event"
_FAILURE = "a loader option could not be tried"


def install() -> bool:
    """Make trials possible in all sessions of the process; False where this SQLAlchemy has no place for them."""
    kind: Any = Session
    execute = vars(kind).get(_EXECUTE)
    if execute is None or _LISTENER not in inspect.signature(execute).parameters:
        return False
    if not hasattr(execute, "query_guard_original"):
        setattr(kind, _EXECUTE, _trying(execute))
    return True


def _trying(execute: Callable[..., Any]) -> Callable[..., Any]:
    listener = contained(_add_options, _FAILURE)

    @wraps(execute)
    def execute_in_trial(*args: Any, **options: Any) -> Any:
        try:
            if (in_process or trying.get() is not None) and options.get(_LISTENER) is None and any(trials()):
                options[_LISTENER] = listener
        except Exception:
            report_own_error(_FAILURE)
        return execute(*args, **options)

    execute_in_trial.query_guard_original = execute  # type: ignore[attr-defined]  # by this it is known
    return execute_in_trial


def _add_options(state: Any) -> None:
    """Add what is being tried to a select of the application's own."""
    if not state.is_select or state.is_column_load or state.is_relationship_load:
        return
    frames = None
    for trial in trials():
        for placed in trial.options:
            frames = frames or call_site(sys._getframe(1)).frames
            if placed.belongs(frames):
                _add(placed, trial, state)


def _add(placed: PlacedOption, trial: Trial, state: Any) -> None:
    session = state.session
    if trial.only_reads and (session.new or session.dirty or session.deleted):
        trial.failure = "its session holds changes that are not written yet, which it could alter"
        return
    try:
        made = option_objects(placed.option, state.statement)
    except Exception as error:
        trial.failure = f"the option could not be made ({type(error).__name__})"
        return
    if made:
        state.statement = state.statement.options(*made)
        trial.applied.add(placed)
