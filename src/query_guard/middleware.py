"""QueryGuard: one request in, one report out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Any

from query_guard.capture.hooks.install import install
from query_guard.capture.live.counting_window import CountingWindow
from query_guard.capture.live.open_window import open_window
from query_guard.capture.window.counting_recorder import CountingRecorder
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.window import current, watchers
from query_guard.debug import DEFAULT_PATH
from query_guard.detectors import Detector, defaults
from query_guard.history import History
from query_guard.history.changes import kept_changes
from query_guard.history.memory import MemoryHistory
from query_guard.judge.allowances import parse_allowances
from query_guard.judge.armed_trials import ArmedTrials, are_trials_possible
from query_guard.judge.pipeline import Pipeline
from query_guard.own_errors import report_own_error
from query_guard.records import Allowance
from query_guard.reporters import Reporter
from query_guard.reporters.log import LogReporter
from query_guard.web.application import read_application
from query_guard.web.asgi import ASGIApp, Receive, Scope, Send
from query_guard.web.boundary_exchange import taken_over
from query_guard.web.callables import callables, check_history
from query_guard.web.counted import CountedExchange
from query_guard.web.counted_request import CountedRequest
from query_guard.web.exchange import Exchange
from query_guard.web.no_effect import inside_another, warn, without_effect
from query_guard.web.options import Options, check_options, environment
from query_guard.web.refused import Refused, refusable
from query_guard.web.routes import ServedRoutes
from query_guard.web.sampling import SampleRate, Sampling
from query_guard.web.setup import Setup
from query_guard.web.triable import exchange_in_development

if TYPE_CHECKING:
    from query_guard.debug.endpoint import DebugEndpoint

SEEN = "query_guard"
"""The key in the scope of a request that a QueryGuard profiles, or that a test has put a boundary around."""
SERVED = frozenset(("http", "websocket"))


class QueryGuard:
    """Profile each request of an ASGI application: `app.add_middleware(QueryGuard)`.

    Two switches of the environment win over the options: `QUERY_GUARD_ENABLED=0` switches the middleware off, and
    `QUERY_GUARD_DEBUG=1` sets `debug`.

    Args:
        app (ASGIApp): The application. Starlette and FastAPI give it.
        engines (Sequence[Engine | AsyncEngine] | None): Watch these engines only. Default: `None`, every engine of the
            process.
        headers (bool): Add the response headers. They tell any client how many statements a request took. Default:
            `True`.
        debug (bool): Keep the last reports, and serve them under `debug_path`. Default: `False`.
        debug_path (str): The path of the debug endpoint. Default: `'/__query_guard__'`.
        debug_token (str | None): The key that the debug endpoint asks for; 16 characters or more. Default: `None`, the
            key of `QUERY_GUARD_DEBUG_TOKEN`, or else one made for this user.
        sample_rate (float | Callable[[Scope], float]): The share of requests that are recorded in detail, from 0 to 1,
            or a function that returns it for the ASGI scope of a request. Of all others the statements are counted.
            Default: `1.0`.
        budgets (Mapping[str, int] | None): How many statements a route may send, by method and route:
            `{"GET /orders/{order_id}": 5}`. Default: `None`, only what endpoints declare with `query_budget`.
        allow (Sequence[str | Allowance]): Findings that are meant, by relationship (`"Post.author"`), by kind
            (`"n_plus_one"`), or by kind and place (`"n_plus_one:crud.py:load"`). Default: `()`.
        detectors (Sequence[Detector] | None): The detectors to use in place of the default ones; `defaults(...)`
            replaces single ones. Default: `None`, those of `defaults()`.
        reporters (Sequence[Reporter] | None): Who gets each finished report. Default: `None`, a `LogReporter`.
        history (History | None): Where reports are kept. Default: `None`, a `MemoryHistory` where `debug` is set.
        exclude (Sequence[str]): Paths that are not profiled; `*` stands for any characters: `("/health", "/static/*")`.
            Default: `()`.
        capture_parameters (bool): Keep the values of binds and of paths, in memory, and show them in the JSON of the
            debug endpoint alone. Default: `False`.
        release (str | None): The version of the application, added to each log event. Default: `None`.

    Raises:
        ValueError: For a wrong option. It names the option, the value and what was expected. Inside a running event
            loop the server's start fails with that sentence instead.
        TypeError: For an option that there is not, in the same way.
    """

    given: tuple[str, ...]
    """The names of the options that were given."""

    @refusable
    def __init__(
        self,
        app: ASGIApp,
        *,
        engines: Sequence[Any] | None = None,
        headers: bool = True,
        debug: bool = False,
        debug_path: str = DEFAULT_PATH,
        debug_token: str | None = None,
        sample_rate: SampleRate = 1.0,
        budgets: Mapping[str, int] | None = None,
        allow: Sequence[str | Allowance] = (),
        detectors: Sequence[Detector] | None = None,
        reporters: Sequence[Reporter] | None = None,
        history: History | None = None,
        exclude: Sequence[str] = (),
        capture_parameters: bool = False,
        release: str | None = None,
    ) -> None:
        self.app = self._unprofiled = app
        self._options = check_options(
            engines=engines, headers=headers, debug=debug, debug_path=debug_path, debug_token=debug_token,
            sample_rate=sample_rate, budgets=budgets, exclude=exclude, capture_parameters=capture_parameters,
            release=release,
        )  # fmt: skip
        self._sampling = Sampling(self._options.sample_rate)
        self._enabled = environment("QUERY_GUARD_ENABLED", True, mistyped=True)
        debug = self._options.debug
        self._history: History | None = check_history(history) or (MemoryHistory() if debug else None)
        own_reporters = (
            [LogReporter(release, readable=debug)] if reporters is None else list(callables("reporters", reporters))
        )
        if self._history is not None:
            own_reporters.append(self._history.add)
        own_detectors = defaults() if detectors is None else callables("detectors", detectors)
        pipeline = Pipeline(own_detectors, own_reporters, parse_allowances("QueryGuard", allow))
        allowances = pipeline.allowances
        self._exchange: Callable[..., Exchange] = Exchange
        self._debug: DebugEndpoint | None = None
        if debug and self._enabled and self._history is not None:
            trials = ArmedTrials(self._history, possible=are_trials_possible())
            self._exchange = partial(exchange_in_development, trials)
            self._debug = _debug_endpoint(self._history, self._options, pipeline, trials)
        judged_above = min((pipeline.triggers.judged_above, *self._options.budgets.values()))
        self._setup = Setup(pipeline, self._options, ServedRoutes(), judged_above)
        self._counts_only = not debug
        """Whether a request that is not sampled begins with a count only: where somebody develops, all are listed."""
        self._has_read_routes = self._has_warned = False
        try:
            if self._enabled:
                install()
                pipeline.changes = kept_changes() if debug else None
                warn(without_effect(self._options, self.given, allowances, detectors_are_defaults=detectors is None))
        except Exception:
            report_own_error("the engines of the process could not be watched")

    def refuse(self, app: ASGIApp, error: Exception) -> None:
        """Pass each request on without profiling it, as an option is wrong."""
        self.app, self._unprofiled = app, Refused(app, error)
        self._enabled, self._debug = False, None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application exactly once, whatever fails in the guard before or after it."""
        unprofiled: ASGIApp | None = self.app
        exchange: Exchange | CountedRequest | None = None
        try:
            unprofiled = self._answer_unprofiled(scope)
            if unprofiled is None:
                exchange = self._open(scope, receive, send)
        except Exception:
            report_own_error("a request could not be recorded")
        finally:
            if exchange is None:
                await (unprofiled or self.app)(scope, receive, send)
            else:
                token = current.set(exchange.window)
                try:
                    await self.app(scope, exchange.receive if exchange.is_websocket else receive, exchange.send)
                except BaseException as error:
                    exchange.escaped = type(error)
                    raise
                finally:
                    try:
                        try:  # noqa: SIM105 - cheaper than suppress(), for each request
                            current.reset(token)
                        except ValueError:  # a framework may leave a generator in another context than it entered
                            pass
                        exchange.close()
                        if not exchange.is_published_at_once():
                            await exchange.publish_in_thread()
                    except Exception:
                        report_own_error("the report of a request could not be made")

    def _open(self, scope: Scope, receive: Receive, send: Send) -> Exchange | CountedRequest:
        scope[SEEN] = True
        options, sampling = self._options, self._sampling
        sampled = sampling.always or sampling.takes(scope)
        if sampled:
            recorder = Recorder(options.engines, options.capture_parameters)
            make_exchange = self._exchange
        elif self._counts_only and scope["type"] == "http" and current.get() is None and not watchers:
            return CountedRequest(self._setup, scope, receive, send, CountingWindow(options.engines))
        else:
            recorder = CountingRecorder(options.engines)
            make_exchange = CountedExchange
        exchange = make_exchange(self._setup, scope, receive, send, recorder, open_window(recorder, True))
        exchange.open()
        return exchange

    def _answer_unprofiled(self, scope: Scope) -> ASGIApp | None:
        """Return the application that answers, where the request is not profiled; None where it is."""
        if self._debug is not None and scope["type"] == "lifespan":
            self._debug.start(scope)
        if not self._enabled or scope["type"] not in SERVED:
            return self._unprofiled
        if SEEN in scope and not taken_over(scope[SEEN]):
            if not self._has_warned:
                self._has_warned = True
                warn([inside_another(self.given)])
            return self.app
        if self._debug is not None and (answer := self._debug.answer_to(scope)) is not None:
            return answer
        if self._options.exclude and any(fnmatchcase(scope["path"], pattern) for pattern in self._options.exclude):
            return self.app
        if not self._has_read_routes:
            self._has_read_routes = True
            read_application(scope.get("app"), self._options.budgets)
        return None


def _debug_endpoint(history: History, options: Options, pipeline: Pipeline, trials: ArmedTrials) -> DebugEndpoint:
    """Import the endpoint only where `debug` is set: it needs a router and responses."""
    from query_guard.debug.endpoint import DebugEndpoint
    from query_guard.debug.routes import Routes

    routes = Routes(options.debug_path, history, pipeline.allowances, pipeline.cost, trials)
    return DebugEndpoint(options, routes)
