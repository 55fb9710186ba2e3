"""What the debug endpoint serves, by path, on Starlette. It reads the history; requests to it are not recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from query_guard.capture.live.holders import live_pools
from query_guard.debug.accepted import wants_page, wants_text
from query_guard.debug.aggregates import by_route, by_statement, sampled_of
from query_guard.debug.fixes import fix_response
from query_guard.debug.listing import latest_of, newer_than, working_directory
from query_guard.debug.own_figures import own_document
from query_guard.debug.page import page_file
from query_guard.debug.responses import HEADERS, JSONResponse, PlainTextResponse, conflict, not_found
from query_guard.debug.trial_document import trial_document
from query_guard.document.kind_pages import kind_page
from query_guard.document.pools import live_pool_document
from query_guard.document.report import document, summary
from query_guard.document.sentence import sentence
from query_guard.history import History
from query_guard.judge.armed_trials import ArmedTrials, NothingToTry
from query_guard.judge.own_cost import OwnCost
from query_guard.records import Allowance, Report
from query_guard.reporters.text import printable, render


class Routes:
    """Serve what `history` holds, the page that shows it, and what is known of the process."""

    def __init__(
        self, path: str, history: History, allowances: Sequence[Allowance], cost: OwnCost, trials: ArmedTrials
    ) -> None:
        self._path = path
        self._history = history
        self._allowances = allowances
        self._cost = cost
        self._trials = trials
        routes = [Route(path, view) for path, view in self.views().items()]
        routes.append(Route("/api/requests", self._clear, methods=["DELETE"]))
        routes.append(Route("/api/requests/{id}/try", self._try, methods=["POST"]))
        self.app = Starlette(routes=routes, exception_handlers={404: self._unknown})
        self.app.router.redirect_slashes = False  # a redirect would leave the debug path

    def views(self) -> dict[str, Callable[[Request], Any]]:
        """Return the view of each path that is read."""
        return {
            "/": self._index,
            "/static/{name}": self._static,
            "/kinds/{kind}": self._kind,
            "/requests/{id}": self._in_page,
            "/api/requests": self._requests,
            "/api/requests/{id}": self._request,
            "/api/requests/{id}/fix": self._fix,
            "/api/routes": self._routes,
            "/api/statements": self._statements,
            "/api/pools": self._pools,
            "/api/allowances": self._allowed,
            "/api/trials": self._armed,
            "/api/self": self._self,
        }

    async def _index(self, request: Request) -> Response:
        page = page_file("index.html") if wants_page(request) else None
        return page or self._as_list(self._history.latest())

    async def _static(self, request: Request) -> Response:
        return page_file(request.path_params["name"]) or not_found(f"no such file; the page is {self._path}/")

    async def _kind(self, request: Request) -> Response:
        kind = request.path_params["kind"]
        page = kind_page(kind)
        if page is None:
            return not_found(
                f"no page about a kind {printable(kind)!r}; 'query-guard explain' lists those that have one"
            )
        return PlainTextResponse(page, headers=HEADERS)

    async def _in_page(self, request: Request) -> Response:
        """Lead a browser to the page at a report; all others get the report itself."""
        report = self._report_of(request) if wants_page(request) else None
        if report is None:
            return await self._request(request)
        return RedirectResponse(f"../#/requests/{quote(report.id, safe='')}", 303, HEADERS)

    async def _requests(self, request: Request) -> Response:
        reports = self._history.latest()
        if wants_text(request):
            return self._as_list(reports)
        newer, after = newer_than(request.query_params.get("after"), reports)
        rows = [summary(report, parameters=True) for report in newer]
        counts = {"kept": len(reports), "sampled": sampled_of(reports)}
        listed = {"requests": rows, "after": after, **counts, "folder": working_directory()}
        return JSONResponse(listed, headers=HEADERS)

    async def _clear(self, request: Request) -> Response:
        clear = getattr(self._history, "clear", None)
        if clear is None:
            kind = type(self._history).__name__
            return conflict(f"the history must have a method clear, and {kind!r} has none; clear it where it is kept")
        clear()
        return Response(status_code=204, headers=HEADERS)

    async def _request(self, request: Request) -> Response:
        report = self._report_of(request)
        if report is None:
            return self._no_report(request)
        if wants_text(request):
            return PlainTextResponse(render(report), headers=HEADERS)
        return JSONResponse(document(report, parameters=True), headers=HEADERS)

    def _no_report(self, request: Request) -> Response:
        wanted = repr(printable(request.path_params["id"]))
        if (route := request.query_params.get("route")) is not None:
            wanted += f" of the route {printable(route)!r}"
        return not_found(f"no report {wanted}; {self._path}/api/requests lists those that are kept")

    async def _fix(self, request: Request) -> Response:
        report = self._report_of(request)
        return self._no_report(request) if report is None else await fix_response(report)

    async def _try(self, request: Request) -> Response:
        report = self._report_of(request)
        if report is None:
            return self._no_report(request)
        try:
            armed = self._trials.arm(report)
        except NothingToTry as error:
            return conflict(str(error))
        return JSONResponse(trial_document(armed), status_code=202, headers=HEADERS)

    async def _armed(self, request: Request) -> Response:
        rows = [{"of": armed.report.id, **trial_document(armed)} for armed in self._trials.all()]
        return JSONResponse({"trials": rows}, headers=HEADERS)

    def _report_of(self, request: Request) -> Report | None:
        """Return the report of an id, or of `latest` the newest one, of a route if one is named."""
        report_id = request.path_params["id"]
        if report_id != "latest":
            return self._history.get(report_id)
        return latest_of(request.query_params.get("route"), self._history.latest())

    def _of_the_code(self) -> list[Report]:
        """Return the kept reports without those in which fixes were tried: the code does not have them."""
        return [report for report in self._history.latest() if report.trial is None]

    async def _routes(self, request: Request) -> Response:
        return JSONResponse({"routes": by_route(self._of_the_code())}, headers=HEADERS)

    async def _statements(self, request: Request) -> Response:
        reports = self._of_the_code()
        counts = {"requests": len(reports), "sampled": sampled_of(reports)}
        return JSONResponse({"statements": by_statement(reports), **counts}, headers=HEADERS)

    async def _pools(self, request: Request) -> Response:
        return JSONResponse({"pools": [live_pool_document(*pool) for pool in live_pools()]}, headers=HEADERS)

    async def _self(self, request: Request) -> Response:
        return JSONResponse(own_document(self._cost, self._history), headers=HEADERS)

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
        return JSONResponse({"allowances": rows}, headers=HEADERS)

    async def _unknown(self, request: Request, _error: Exception) -> Response:
        return not_found(f"no such path; {self._path}/api/requests lists the requests that are kept")

    def _as_list(self, reports: list[Report]) -> Response:
        lines = [f"{report.id}  {printable(sentence(report))}" for report in reports]
        sampled = sampled_of(reports)
        of_them = f", {sampled} of them sampled" if sampled < len(reports) else ""
        lines.append(f"{len(reports)} reports{of_them}; {self._path}/api/requests/<id> shows one")
        return PlainTextResponse("\n".join(lines) + "\n", headers=HEADERS)
