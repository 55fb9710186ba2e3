"""The list of what not to do."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel

from example_app.routers.anti_patterns.pair import Call
from example_app.routers.anti_patterns.pairs import PAIRS
from query_guard.history import History

router = APIRouter()


class AntiPattern(BaseModel):
    """`look_for` is a kind of finding, or what the answers tell where no single request is wrong."""

    title: str
    method: str
    path: str
    look_for: str
    twin: str
    report: str | None
    """Where the latest report of this request is served; None before it was sent, and without `EXAMPLE_DEBUG=1`."""


@router.get("")
async def list_anti_patterns(request: Request) -> list[AntiPattern]:
    latest = latest_reports(request.app.state.history)
    return [
        AntiPattern(
            title=pair.title,
            method=pair.bad.method,
            path=pair.bad.url,
            look_for=pair.look_for,
            twin=str(pair.fixed),
            report=_report_of(pair.bad, latest),
        )
        for pair in PAIRS
    ]


def latest_reports(history: History | None) -> dict[tuple[str, str | None], str]:
    """Return the address of the newest report of each method and path, in which parameters have no values."""
    reports = reversed(history.latest()) if history is not None else ()
    return {
        (report.request.method, report.request.path): f"/__query_guard__/api/requests/{report.id}" for report in reports
    }


def _report_of(call: Call, latest: dict[tuple[str, str | None], str]) -> str | None:
    same = (address for request, address in latest.items() if call.is_served_by(*request))
    return latest.get((call.method, call.path)) or next(same, None)
