"""A write in a request whose method promises to change nothing."""

from __future__ import annotations

from collections.abc import Iterator

from query_guard.records import Facts, Finding, Triggers, grouped

KIND = "write_in_read_request"


class WriteInReadRequest:
    """Find INSERT, UPDATE and DELETE, also inside a CTE, in a GET, HEAD or OPTIONS request."""

    @property
    def triggers(self) -> Triggers:
        return {"writes_in_read": 1}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        if not facts.request.only_reads:
            return
        writing = (row for row in facts.statements if row.writes)
        for rows in grouped(writing, lambda row: (row.fingerprint, row.site.key)).values():
            first = rows[0]
            times = f", {len(rows)} times" if len(rows) > 1 else ""
            yield Finding(
                kind=KIND,
                severity="info",
                summary=f"A {facts.request.method} request wrote to {', '.join(first.writes)}{times}: {first.sql}",
                fix="Let a POST write it, or a job: caches, crawlers and retries may repeat such requests",
                site=first.site,
                count=len(rows),
                relationship=first.relationship,
                phase=first.phase,
                statements=tuple(row.serial for row in rows),
                request=first.request,
            )
