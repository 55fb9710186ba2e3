"""What an edit has changed: the report of a route beside the last one of the former code."""

from __future__ import annotations

import threading

from query_guard.history.code_version import code_version
from query_guard.history.route_file import NOT_KEPT, Noted, OfRoute, RouteFile, file_of_application
from query_guard.own_errors import report_own_error
from query_guard.records import Change, Report, lasting_name
from query_guard.records.change import without
from query_guard.user_state import is_test_run

_SOON, _AGAIN = 1.0, 60.0
"""Seconds after which another report of a route is noted that says something else, or the same: writing takes time."""
_MOST_NAMES = 30
_LONGEST_NAME = 300


class Changes:
    """Hold each report against the last one that the former code made of the same route.

    The code is another one where the newest source file of the process is another one (`code_version`): it was edited,
    a branch was checked out, or a library installed, and the application was started again. What is compared is that
    request with this one: where the two asked for different rows, they differ without an edit, too.

    A request in which fixes were tried is passed over, since the code does not have them. One that failed is compared
    with nothing, since it did only a part of its work. It is kept if it had findings and none has succeeded before, so
    that the next code is held against it. A route is known by its method, its template, and the file of its endpoint.
    """

    def __init__(self, file: RouteFile, code: str) -> None:
        self._file = file
        self._code = code
        self._lock = threading.Lock()

    def of(self, report: Report) -> Change | None:
        """Note a report, and return how it differs from the former code's; None where there is nothing to compare."""
        request = report.request
        name = f"{request.name} {request.endpoint.file if request.endpoint is not None else ''}"
        if request.kind != "http" or request.route is None or len(name) > _LONGEST_NAME:
            return None
        if not report.sampled or report.trial is not None:
            return None
        now = _noted(report, self._code)
        with self._lock:
            known = self._file.read().get(name)
            former = _former(known, self._code)
            if _is_worth_noting(now, known):
                self._file.note(name, OfRoute(now, former))
        return _change(former, now) if former is not None and now.succeeded else None


def kept_changes() -> Changes | None:
    """Return what compares the reports of this process, and keeps them over restarts; None in a test run."""
    if is_test_run():
        return None
    try:
        file = file_of_application()
    except (OSError, RuntimeError):  # the directory was deleted, or this user has no home
        file = None
        report_own_error(NOT_KEPT, own=False)
    return Changes(RouteFile(file), code_version())


def _noted(report: Report, code: str) -> Noted:
    request, found = report.request, report.loud_findings[:_MOST_NAMES]
    effects = [effect for finding in found for effect in finding.effects][:_MOST_NAMES]
    succeeded = not request.has_failed and (request.status or 0) < 400
    names = (tuple(map(lasting_name, each)) for each in (found, effects))
    return Noted(code, report.started_at, report.query_count, succeeded, *names)


def _former(known: OfRoute | None, code: str) -> Noted | None:
    if known is None:
        return None
    return known.former if known.last.code == code else known.last


def _is_worth_noting(now: Noted, known: OfRoute | None) -> bool:
    if not now.succeeded and (not now.findings or (known is not None and known.last.succeeded)):
        return False
    if known is None or (now.code, now.succeeded) != (known.last.code, known.last.succeeded):
        return True
    is_same = now._replace(at=0) == known.last._replace(at=0)
    return now.at - known.last.at >= (_AGAIN if is_same else _SOON)


def _change(former: Noted, now: Noted) -> Change:
    """Compare two reports. What stands below its cause in one of them is neither gone nor new in the other."""
    gone = without(former.findings, (*now.findings, *now.effects))
    new = without(now.findings, (*former.findings, *former.effects))
    return Change(former.at, former.statements, now.statements, gone, new)
