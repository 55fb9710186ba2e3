"""Read of an application, at its first request, what is the same for all requests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from query_guard.capture.origin.source_files import allow_package_of
from query_guard.own_errors import report_own_error
from query_guard.web.no_effect import unknown_budgets, warn
from query_guard.web.routes import all_routes


def read_application(app: Any, budgets: Iterable[str]) -> None:
    """Note the packages of the endpoints as the application's own, and warn of budgets that name no route."""
    try:
        routes = dict(all_routes(app))
        for endpoint in routes.values():
            allow_package_of(endpoint)
        warn(unknown_budgets(budgets, routes))
    except Exception:
        report_own_error("the application's routes could not be read")
