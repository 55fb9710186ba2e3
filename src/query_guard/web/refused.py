"""A QueryGuard with a wrong option raises where it is built, or else makes the start of the server fail.

Starlette builds its middleware in its first call, the lifespan of the server. Servers take an exception there for an
application without a lifespan, start, and answer each request with 500. So the error is kept, and sent to the server
as a failed startup.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, TypeVar, cast

from query_guard.judge.listeners import refusal_listeners
from query_guard.own_errors import report_own_error
from query_guard.web.asgi import ASGIApp, Receive, Scope, Send

Build = TypeVar("Build", bound=Callable[..., None])
_SERVED = frozenset(("http", "websocket"))


def refusable(build: Build) -> Build:
    """Wrap the `__init__` of a middleware: a wrong option raises if no event loop runs.

    Inside a running loop, the method `refuse` gets the application and the error instead.
    """
    names = tuple(signature(build).parameters)[2:]

    @wraps(build)
    def init(self: Any, app: ASGIApp, *args: Any, **options: Any) -> None:
        self.given = tuple(options)
        try:
            _refuse_unknown(self.given, names)
            build(self, app, *args, **options)
        except (TypeError, ValueError) as error:
            if not _in_running_loop():
                raise
            self.refuse(app, error)

    return cast("Build", init)


def _refuse_unknown(given_names: tuple[str, ...], names: tuple[str, ...]) -> None:
    unknown = next((name for name in given_names if name not in names), None)
    if unknown is not None:
        raise TypeError(
            f"QueryGuard: there is no option {unknown!r}, but {', '.join(names)}; thresholds are fields of detectors, "
            f"such as detectors=defaults(SlowStatement(seconds=0.2))"
        )


def _in_running_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        trio = getattr(sys.modules.get("trio"), "lowlevel", None)
        return trio is not None and bool(trio.in_trio_run())
    return True


class Refused:
    """Takes the place of a QueryGuard with a wrong option: makes the start of the server fail.

    Without a lifespan, requests pass unprofiled. This is logged as an error once, and passed to the listeners of tests
    each time.
    """

    def __init__(self, app: ASGIApp, error: Exception) -> None:
        self._app = app
        self._sentence = str(error)
        self._is_logged = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.failed", "message": self._sentence})
            raise ValueError(self._sentence)  # as Starlette does, for test clients that wait for it
        if scope["type"] in _SERVED:
            try:
                self._report()
            except Exception:
                report_own_error("a wrong option could not be reported")
        await self._app(scope, receive, send)

    def _report(self) -> None:
        for listener in tuple(refusal_listeners):
            listener(self._sentence)
        if not self._is_logged:
            self._is_logged = True
            logging.getLogger("query_guard").error(
                "query_guard: %s; until this is fixed, requests pass unprofiled", self._sentence
            )
