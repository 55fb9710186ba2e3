"""Trials: loader options that are added to the statements of one context, or of a test, without touching its code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar

from query_guard.records import PlacedOption

Options = Sequence[PlacedOption]


class Trial:
    """Options that are being tried. It is emptied at its end, since pooled connections and tasks keep their context.

    `choose` returns the options, and is called for each execution: the route of a request is known only later.
    """

    __slots__ = ("_choose", "applied", "failure", "only_reads")

    def __init__(self, choose: Callable[[], Options], *, only_reads: bool) -> None:
        self._choose = choose
        self.only_reads = only_reads
        """Whether nothing is tried in a session with changes: a loaded collection changes what a delete writes."""
        self.applied: set[PlacedOption] = set()
        """Options that were added to a statement."""
        self.failure = ""
        """Why an option could not be added; empty where all went well."""

    def __bool__(self) -> bool:
        return bool(self.options)

    @property
    def options(self) -> Options:
        """What is tried on the statement that is executed now."""
        return self._choose()

    def end(self) -> None:
        """Try nothing any more."""
        self._choose = tuple


trying: ContextVar[Trial | None] = ContextVar("query_guard_trial", default=None)
in_process: list[Trial] = []
"""Trials of any context, as tests make them."""


def trials() -> list[Trial]:
    """Return the trials that the current context takes part in."""
    trial = trying.get()
    return [*in_process] if trial is None else [trial, *in_process]
