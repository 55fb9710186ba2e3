"""Which requests are recorded in detail."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from inspect import iscoroutine
from typing import Any, TypeAlias

from query_guard.own_errors import report_own_error
from query_guard.web.asgi import Scope

SampleRate: TypeAlias = float | Callable[[Scope], float]
"""The share of requests, from 0 to 1: for all, or asked for each request with its ASGI scope."""

_chance = random.Random()  # the application's own generator is not touched


class Sampling:
    """Decide on each request by the option `sample_rate`. Where its function fails, the request is recorded."""

    __slots__ = ("_has_warned", "_rate", "always")

    def __init__(self, rate: SampleRate) -> None:
        self._rate = rate
        self.always = not callable(rate) and rate >= 1
        self._has_warned = False

    def takes(self, scope: Scope) -> bool:
        rate = self._rate
        return _chance.random() < (self._asked(rate, scope) if callable(rate) else rate)

    def _asked(self, rate: Callable[[Scope], Any], scope: Scope) -> float:
        try:
            answer = rate(scope)
            if is_rate(answer):
                return float(answer)
            self._warn(answer)
        except Exception:
            report_own_error("sample_rate failed, and the request was recorded in detail", own=False)
        return 1.0

    def _warn(self, answer: object) -> None:
        """Say once what the function returned: a number, or the type of anything else, which may hold values."""
        if iscoroutine(answer):
            answer.close()  # Python would warn that it was never awaited
        if not self._has_warned:
            self._has_warned = True
            shown = repr(answer) if type(answer) in (int, float, bool, type(None)) else type(answer).__name__
            logging.getLogger("query_guard").warning(
                "query_guard: sample_rate must return a number from 0 to 1, and returned %s; such requests are "
                "recorded in detail until it does (said once)", shown,
            )  # fmt: skip


def is_rate(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1
