"""Which reports a list shows, and where their files are."""

from __future__ import annotations

import os

from query_guard.records import Report


def newer_than(report_id: str | None, reports: list[Report]) -> tuple[list[Report], str | None]:
    """Return the reports before that of an id in a list that begins with the newest, and the id.

    Where no report has the id, return them all and None: it was replaced or cleared, or is another process's.
    """
    for position, report in enumerate(reports):
        if report.id == report_id:
            return reports[:position], report_id
    return reports, None


def latest_of(route: str | None, reports: list[Report]) -> Report | None:
    """Return the newest report of a route, `GET /users` or `/users`; the newest of all where none is named."""
    return next((report for report in reports if route in (None, report.request.name, report.request.route)), None)


def working_directory() -> str | None:
    """Return the folder that relative files of a report are in; None where it was deleted."""
    try:
        return os.getcwd()
    except OSError:
        return None
