"""Requests to the served application, with what QueryGuard reports of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import httpx

from example_app.routers.anti_patterns.pair import Answer, Call, Pair

REPORTS = "/__query_guard__/api/requests"

Finding: TypeAlias = dict[str, Any]


class NotWatched(RuntimeError):
    """A request was answered without a word of QueryGuard."""


@dataclass(frozen=True, slots=True)
class Visit:
    """The answers to a pair's requests, sent together, and the report of each in the same order."""

    call: Call
    answers: tuple[Answer, ...]
    reports: tuple[dict[str, Any], ...]

    @property
    def findings(self) -> list[Finding]:
        return [finding for report in self.reports for finding in report["findings"]]

    @property
    def loud(self) -> list[Finding]:
        return [finding for finding in self.findings if finding["severity"] != "info"]

    @property
    def queries(self) -> int:
        return max(int(report["query_count"]) for report in self.reports)

    @property
    def milliseconds(self) -> float:
        return float(max(report["duration_ms"] for report in self.reports))


@dataclass(slots=True)
class Visitor:
    """One who sends the requests of pairs, logged in as the guide."""

    client: httpx.AsyncClient
    key: str
    """The key of QueryGuard's reports."""
    seen: set[str] = field(default_factory=set)

    async def log_in(self, email: str, password: str) -> None:
        answer = await self.client.post("/auth/token", json={"email": email, "password": password})
        token = answer.raise_for_status().json()["access_token"]
        self.client.headers["Authorization"] = f"Bearer {token}"

    async def visit_until(self, pair: Pair, call: Call, is_good: Callable[[Visit], bool], tries: int = 5) -> Visit:
        """Visit at least twice, the first time to fill caches, and until a visit was good; the last good one counts.

        A busy machine may make anything slow for a moment, which is waited out; and some findings are made once only.
        """
        good: Visit | None = None
        for number in range(1, tries + 1):
            visit = await self.visit(pair, call)
            good = visit if is_good(visit) else good
            if good is not None and number >= 2:
                break
            await asyncio.sleep(0.2 * (number - 1))
        return good or visit

    async def visit(self, pair: Pair, call: Call) -> Visit:
        for before in pair.before:
            await self._send(before)
        together = pair.at_once[0 if call is pair.bad else 1]
        responses = await asyncio.gather(*(self._send(call) for _ in range(together)))
        reports = [await self._report(call, response) for response in responses]
        return Visit(call, tuple(map(_answer, responses)), tuple(reports))

    async def try_fixes(self, pair: Pair, visit: Visit) -> Visit:
        """Visit once more, with the loader options in place that the report of a visit offers.

        Return the first visit as its report is then: its findings say in `tried` what became of them.
        """
        report_id = visit.reports[-1]["id"]
        armed = await self.client.post(f"{REPORTS}/{report_id}/try", headers=self._key_header)
        if armed.status_code == 409:
            return visit
        armed.raise_for_status()
        await self.visit(pair, visit.call)
        tried = dict((await self.read_report(report_id, "application/json")).json())
        return replace(visit, reports=(*visit.reports[:-1], tried))

    @property
    def _key_header(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    async def _send(self, call: Call) -> httpx.Response:
        return await self.client.request(call.method, call.url, json=call.body)

    async def _report(self, call: Call, response: httpx.Response) -> dict[str, Any]:
        report_id = response.headers.get("X-Query-Guard-Id")
        if report_id is None and response.status_code != 500:
            raise NotWatched(f"{call} answered without the headers of QueryGuard")
        report_id = report_id or await self._id_of_failure(call)
        self.seen.add(report_id)
        return dict((await self.read_report(report_id, "application/json")).json())

    async def read_report(self, report_id: str, accept: str) -> httpx.Response:
        """Get a report, which is there once the application has done all that it does after its response."""
        deadline = time.monotonic() + 5
        while True:
            response = await self._get_reports(f"/{report_id}", accept)
            if response.status_code != 404 or time.monotonic() > deadline:
                return response.raise_for_status()
            await asyncio.sleep(0.01)

    async def _get_reports(self, path: str, accept: str) -> httpx.Response:
        return await self.client.get(f"{REPORTS}{path}", headers={"Accept": accept, **self._key_header})

    async def _id_of_failure(self, call: Call) -> str:
        """Find a failed request's report in the list: the 500 of an escaped exception carries no headers.

        Behind such an answer uvicorn closes the connection, which may meet the next request on it.
        """
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            with suppress(httpx.TransportError):
                listed = await self._get_reports("", "application/json")
                for row in listed.json().get("requests", ()):
                    if call.is_served_by(row["method"], row["path"]) and row["id"] not in self.seen:
                        return str(row["id"])
            await asyncio.sleep(0.01)
        raise NotWatched(f"{call} failed, and QueryGuard has no report of it")


def _answer(response: httpx.Response) -> Answer:
    is_json = response.headers.get("content-type") == "application/json"
    return Answer(response.status_code, response.json() if is_json else None)
