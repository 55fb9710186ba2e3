"""The diffs of the fixes of a report, made outside of the event loop and of this process."""

from __future__ import annotations

from anyio import CapacityLimiter, to_thread
from starlette.responses import Response

from query_guard.debug.responses import HEADERS, JSONResponse, conflict
from query_guard.document.findings import finding_document
from query_guard.fixing.process import NoDiff, fixes_of
from query_guard.records import Report


async def fix_response(report: Report) -> Response:
    """Wait for the diffs in a thread that does not count among the application's."""
    findings = [finding_document(finding) for finding in report.findings]
    try:
        fixes = await to_thread.run_sync(fixes_of, findings, limiter=CapacityLimiter(1))
    except NoDiff as error:
        return conflict(str(error))
    return JSONResponse(fixes, headers=HEADERS)
