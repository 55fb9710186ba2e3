"""A QueryGuard with a wrong option: it is refused where it is built, or else where the server starts.

Starlette builds its middleware in the first call, which is the server's lifespan. What is raised there counts as "no
lifespan" for servers, which then answer each request with 500. So the error is kept, and answered as a failed start.
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
    """Make of a middleware's `__init__` one that raises for a wrong option where no event loop runs, and else hands
    application and error to the method `refuse`.
    """
    known = tuple(signature(build).parameters)[2:]

    @wraps(build)
    def init(self: Any, app: ASGIApp, *args: Any, **options: Any) -> None:
        self.given = tuple(options)
        try:
            _refuse_unknown(self.given, known)
            build(self, app, *args, **options)
        except (TypeError, ValueError) as error:
            if not _in_running_loop():
                raise
            self.refuse(app, error)

    return cast("Build", init)


def _refuse_unknown(given: tuple[str, ...], known: tuple[str, ...]) -> None:
    unknown = next((name for name in given if name not in known), None)
    if unknown is not None:
        raise TypeError(
            f"QueryGuard: there is no option {unknown!r}, but {', '.join(known)}; thresholds are fields of detectors, "
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
    """Stands where a QueryGuard with a wrong option would be: the start fails; a request that comes all the same passes
    unprofiled, which is logged as an error once, and tests that watch are told of each.
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
                self._say()
            except Exception:
                report_own_error("a wrong option could not be said")
        await self._app(scope, receive, send)

    def _say(self) -> None:
        for listener in tuple(refusal_listeners):
            listener(self._sentence)
        if not self._is_logged:
            self._is_logged = True
            logging.getLogger("query_guard").error(
                "query_guard: %s; until this is mended, requests pass unprofiled", self._sentence
            )
