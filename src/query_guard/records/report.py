"""The report of a window."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from query_guard.records.answer import Answer
from query_guard.records.change import Change
from query_guard.records.facts import Facts
from query_guard.records.findings import Finding, Silence
from query_guard.records.once import computed_once
from query_guard.records.request import Request
from query_guard.records.tried import TrialOf


@dataclass(eq=False)
class Report:
    """Facts and findings of one window: what every reporter, page and test reads. Do not change it."""

    id: str
    started_at: float
    """Seconds since the epoch."""
    facts: Facts
    findings: tuple[Finding, ...] = ()
    silences: tuple[Silence, ...] = ()
    sampled: bool = True
    """Whether statements were recorded in detail. Where not, they were counted, and their faults are unknown."""
    change: Change | None = None
    """How it differs from the last report of the former code; None where there is none, and where nobody develops."""
    trial: TrialOf | None = None
    """Where fixes were in place that the code does not have: the report they came from, and what became of them."""
    answer: Answer | None = None
    """What tells its answer from another one, where fixes may be tried; in no document."""
    pid: int = field(default_factory=os.getpid)
    """The process that answered."""
    trace_id: str | None = None
    """Trace and span of OpenTelemetry that were current, as hexadecimal text; None where nobody traced."""
    span_id: str | None = None

    @property
    def request(self) -> Request:
        return self.facts.request

    @property
    def query_count(self) -> int:
        return self.facts.query_count

    @property
    def driver_calls(self) -> int:
        return self.facts.driver_calls

    @computed_once
    def loud_findings(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.is_loud)
