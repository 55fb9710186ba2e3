"""A request where somebody develops: fixes can be tried in it, and its answer is told from others."""

from __future__ import annotations

from typing import Any

from query_guard.capture.window.trial import Options, Trial, trying
from query_guard.capture.window.window import current
from query_guard.judge.armed_trials import TRIED_METHODS, ArmedTrial, ArmedTrials
from query_guard.records import Report
from query_guard.web.answer_hash import AnswerHash
from query_guard.web.asgi import Scope
from query_guard.web.exchange import Exchange
from query_guard.web.setup import Setup


def exchange_in_development(trials: ArmedTrials, setup: Setup, scope: Scope, *given: Any) -> Exchange:
    """Return an exchange in which fixes can be tried, of requests that promise to change nothing."""
    if scope["type"] == "http" and scope["method"] in TRIED_METHODS:
        return TriableExchange(trials, setup, scope, *given)
    return Exchange(setup, scope, *given)


class TriableExchange(Exchange):
    """An exchange that runs with the fixes that are armed for its route, if there are any."""

    __slots__ = ("_answer", "_armed", "_trial", "_trials")

    def __init__(self, trials: ArmedTrials, *given: Any) -> None:
        super().__init__(*given)
        self._answer: AnswerHash = AnswerHash(self._scope)
        self._trials = trials
        self._armed: ArmedTrial | None = None
        self._trial: Trial | None = None
        if trials:
            self._trial = Trial(self._options, only_reads=True)
            trying.set(self._trial)

    def is_published_at_once(self) -> bool:
        if self._trial is not None:
            trying.set(None)
            self._trial.end()
            self._take()  # a request without any statement ends the trial, too
        return super().is_published_at_once()

    def _options(self) -> Options:
        """Return what is tried within the request until its end, once its route is known."""
        window = current.get()
        if window is None or window.request != self.window.serial or self.window.recorder is None:
            return ()
        self._take()
        return self._armed.options if self._armed is not None else ()

    def _take(self) -> None:
        if self._armed is None and self._trials:
            taken = self._trials.take(self._request_now().name)
            if taken is not None:  # another thread of the request may have been first
                self._armed = taken

    def _finished(self) -> Report | None:
        report = super()._finished()
        if report is not None:
            report.answer = self._answer.answer()
            if self._armed is not None and self._trial is not None:
                report.trial = self._trials.conclude(self._armed, self._trial, report)
        return report
