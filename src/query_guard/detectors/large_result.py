"""A SELECT that fetches very many rows at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from query_guard.detectors.thresholds import Thresholds
from query_guard.records import Facts, Finding, Triggers, grouped

KIND = "large_result"

_LIMITED = r"\b(?:LIMIT|FETCH FIRST|FETCH NEXT|TOP)\b"


@dataclass(eq=False)
class LargeResult(Thresholds):
    """Find a SELECT without LIMIT that fetched at least `rows` rows, unless the result is streamed.

    If the driver of SQLite gives no number, the rows are counted as they are fetched.
    """

    rows: int = 10_000

    @property
    def triggers(self) -> Triggers:
        return {"most_rows": self.rows}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        large = [
            row
            for row in facts.statements
            if (row.brought or 0) >= self.rows and row.operation == "SELECT" and not row.streamed
        ]
        if not large:
            return
        for rows in grouped(large, lambda row: (row.fingerprint, row.site.key)).values():
            worst = max(rows, key=lambda row: row.brought or 0)
            if re.search(_LIMITED, worst.sql):
                continue
            yield Finding(
                kind=KIND,
                severity="warning",
                summary=f"{worst.brought} rows were fetched at once, without LIMIT: {worst.sql}",
                fix="Page it with .limit(), or stream it: .execution_options(yield_per=1000)",
                remedy=".execution_options(yield_per=1000)",
                site=worst.site,
                count=len(rows),
                relationship=worst.relationship,
                phase=worst.phase,
                statements=tuple(row.serial for row in rows),
                request=worst.request,
            )
