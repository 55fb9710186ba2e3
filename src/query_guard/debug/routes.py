"""The debug endpoint's routes, on Starlette. It reads the history; requests to it are not recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from query_guard.capture.live.holders import live_pools
from query_guard.debug.access import Access, Entry
from query_guard.debug.aggregates import by_route, by_statement, sampled_of
from query_guard.debug.own_figures import own_document
from query_guard.debug.responses import JSONResponse, PlainTextResponse
from query_guard.debug.ticket_page import ticket_page
from query_guard.document.pools import live_pool_document
from query_guard.document.report import document, summary
from query_guard.document.sentence import sentence
from query_guard.history import History
from query_guard.judge.own_cost import OwnCost
from query_guard.own_errors import report_own_error
from query_guard.records import Allowance, Report
from query_guard.reporters.text import printable, render
from query_guard.web.asgi import ASGIApp, Receive, Scope, Send
from query_guard.web.options import Options

_HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
}


class DebugEndpoint:
    """Serve what `history` holds under the debug path, to those who have the key; for all others it does not exist."""

    def __init__(self, history: History, options: Options, allowances: Sequence[Allowance], cost: OwnCost) -> None:
        self._allowances = allowances
        self._cost = cost
        self._path = options.debug_path
        self._access = Access(options.debug_path, options.debug_token)
        self._history = history
        routes = [Route(path, view) for path, view in self._views().items()]
        self._app = Starlette(routes=routes, exception_handlers={404: self._unknown})
        self._app.router.redirect_slashes = False  # a redirect would leave the debug path

    def start(self, scope: Scope) -> None:
        """Read or make the key at the start of a lifespan; those of test clients are passed over."""
        try:
            self._access.start(scope)
        except Exception:
            report_own_error("the key of the debug endpoint could not be read or made")

    def answer_to(self, scope: Scope) -> ASGIApp | None:
        """Return what answers a request to this endpoint; None for all others, which the application answers."""
        path = _path_in_app(scope)
        if scope["type"] != "http" or not f"{path}/".startswith(f"{self._path}/"):
            return None
        try:
            entry = self._access.judge(scope)
            if entry is Entry.TICKET and self._access.key is not None:
                return ticket_page(self._access.key, self._access.clock(), scope, self._path)
            return self._answer if entry is Entry.KEY else None
        except Exception:
            report_own_error("the debug endpoint could not decide on a request")
            return None

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = _path_in_app(scope)[len(self._path) :] or "/"
        await self._app({**scope, "path": path, "root_path": "", "app": self._app}, receive, send)

    def _views(self) -> dict[str, Callable[[Request], Any]]:
        return {
            "/": self._index,
            "/api/requests": self._requests,
            "/api/requests/{id}": self._request,
            "/api/routes": self._routes,
            "/api/statements": self._statements,
            "/api/pools": self._pools,
            "/api/allowances": self._allowed,
            "/api/self": self._self,
        }

    async def _index(self, request: Request) -> Response:
        return self._as_list(self._history.latest())

    async def _requests(self, request: Request) -> Response:
        reports = self._history.latest()
        if _wants_text(request):
            return self._as_list(reports)
        rows = [summary(report, parameters=True) for report in reports]
        return JSONResponse({"requests": rows, "sampled": sampled_of(reports)}, headers=_HEADERS)

    async def _request(self, request: Request) -> Response:
        report_id = request.path_params["id"]
        reports = self._history.latest()[:1] if report_id == "latest" else [self._history.get(report_id)]
        report = reports[0] if reports else None
        if report is None:
            return _not_found(
                f"no report {printable(report_id)!r}; {self._path}/api/requests lists those that are kept"
            )
        if _wants_text(request):
            return PlainTextResponse(render(report), headers=_HEADERS)
        return JSONResponse(document(report, parameters=True), headers=_HEADERS)

    async def _routes(self, request: Request) -> Response:
        return JSONResponse({"routes": by_route(self._history.latest())}, headers=_HEADERS)

    async def _statements(self, request: Request) -> Response:
        reports = self._history.latest()
        counts = {"requests": len(reports), "sampled": sampled_of(reports)}
        return JSONResponse({"statements": by_statement(reports), **counts}, headers=_HEADERS)

    async def _pools(self, request: Request) -> Response:
        return JSONResponse({"pools": [live_pool_document(*pool) for pool in live_pools()]}, headers=_HEADERS)

    async def _self(self, request: Request) -> Response:
        return JSONResponse(own_document(self._cost, self._history), headers=_HEADERS)

    async def _allowed(self, request: Request) -> Response:
        rows = [
            {
                "allow": allowance.pattern,
                "reason": allowance.reason,
                "until": str(allowance.until) if allowance.until is not None else None,
                "findings": allowance.matched,
            }
            for allowance in self._allowances
        ]
        return JSONResponse({"allowances": rows}, headers=_HEADERS)

    async def _unknown(self, request: Request, _error: Exception) -> Response:
        return _not_found(f"no such path; {self._path}/api/requests lists the requests that are kept")

    def _as_list(self, reports: list[Report]) -> Response:
        lines = [f"{report.id}  {printable(sentence(report))}" for report in reports]
        sampled = sampled_of(reports)
        of_them = f", {sampled} of them sampled" if sampled < len(reports) else ""
        lines.append(f"{len(reports)} reports{of_them}; {self._path}/api/requests/<id> shows one")
        return PlainTextResponse("\n".join(lines) + "\n", headers=_HEADERS)


def _path_in_app(scope: Scope) -> str:
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    return path[len(root) :] if root and path.startswith(root) else path


def _wants_text(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "text/plain" in accepted and "application/json" not in accepted


def _not_found(error: str) -> JSONResponse:
    return JSONResponse({"error": error}, status_code=404, headers=_HEADERS)
