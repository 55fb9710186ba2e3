"""The straight line: window, facts, detectors, report, reporters."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from time import time
from typing import Any, TypeVar

from query_guard.allowances import Allowance, allowance_for, parse_allowances
from query_guard.capture.attribute_reads import noting_reads
from query_guard.capture.facts import freeze
from query_guard.capture.install import install
from query_guard.capture.recorder import (
    Recorder,
    Window,
    allowed,
    allowed_in_process,
    current,
    open_window,
    recorders,
    watch_process,
)
from query_guard.capture.trouble import report_trouble
from query_guard.detectors import ON_READS, Detector, defaults
from query_guard.records import Facts, Finding, LateCounter, Report, Request, Silence, Statement
from query_guard.reporters import Reporter

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

_BUDGET = "__query_guard_max_queries__"
_recordings: list[Recording] = []


@dataclass(slots=True)
class Recording:
    """What a block has sent, while it goes on and after.

    Findings are judged for each request on its own, as the application's middleware judged it, and for what was sent
    outside requests as one piece. `block_detectors` judge the whole block at once, for what no request knows of itself.
    """

    recorder: Recorder
    request: Request
    detectors: Sequence[Detector]
    block_detectors: Sequence[Detector] = ()
    late: LateCounter = field(default_factory=LateCounter)
    request_reports: list[Report] = field(default_factory=list)
    _final: Report | None = None

    @property
    def query_count(self) -> int:
        return self.recorder.query_count

    @property
    def statements(self) -> tuple[Statement, ...]:
        return self._facts().statements

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self._final.findings if self._final is not None else self._judged(self._facts())[0]

    @property
    def report(self) -> Report:
        """The finished report; there once the block has ended."""
        if self._final is None:
            raise RuntimeError(
                "the report is made when the block ends; read .query_count, .statements or .findings inside it"
            )
        return self._final

    def finish(self) -> None:
        facts = self._facts()
        findings, silences = self._judged(facts)
        self._final = Report(
            report_id(),
            time() - facts.duration,
            facts,
            (*findings, *stale_allowances(self.recorder.allowances)),
            silences,
        )

    def _facts(self) -> Facts:
        return self._final.facts if self._final is not None else freeze(self.recorder, self.request, self.late)

    def _judged(self, facts: Facts) -> tuple[tuple[Finding, ...], tuple[Silence, ...]]:
        findings, silences = judge(
            outside_requests(facts, self.recorder.request), self.detectors, self.recorder.allowances
        )
        of_requests = [finding for report in self.request_reports for finding in report.findings]
        of_block, block_silences = judge(self._answered(facts), self.block_detectors, self.recorder.allowances)
        return ranked([*of_requests, *findings, *of_block]), (*silences, *block_silences)

    def _answered(self, facts: Facts) -> Facts:
        """Leave out the requests that ended in a server error, before they came to all that they would have done."""
        broken = [report for report in self.request_reports if (report.request.status or 0) >= 500]
        serials = {row.request for report in broken for row in report.facts.statements}
        return replace(facts, statements=tuple(row for row in facts.statements if row.request not in serials))


def outside_requests(facts: Facts, request: int) -> Facts:
    """Return the part of a block's facts that no request's own report speaks of."""
    statements = tuple(row for row in facts.statements if row.request == request)
    return Facts(
        request=facts.request,
        duration=facts.duration,
        statements=statements,
        checkouts=tuple(checkout for checkout in facts.checkouts if checkout.request == request),
        transactions=tuple(transaction for transaction in facts.transactions if transaction.request == request),
        pools=facts.pools,
        failed_loads=tuple(load for load in facts.failed_loads if load.request == request),
        reads=facts.reads,
        notes_reads=facts.notes_reads,
        eager_mappings=facts.eager_mappings,
        query_count=len(statements) + facts.dropped,
        query_time=sum(row.duration for row in statements),
        dropped=facts.dropped,
    )


@contextmanager
def record(name: str = "block", *, detectors: Sequence[Detector] | None = None) -> Iterator[Recording]:
    """Record the statements of a script, job or shell in this context; the report is there when the block ends."""
    install()
    recorder = Recorder()
    recording = Recording(recorder, Request("block", "", name), defaults() if detectors is None else tuple(detectors))
    with open_window(recorder) as window:
        recording.late = window.late
        try:
            yield recording
        finally:
            recording.finish()


@contextmanager
def record_process(
    name: str = "test", *, detectors: Sequence[Detector] | None = None, reads: bool = False
) -> Iterator[Recording]:
    """Record what any context of the process sends: fixtures, threads and the requests of a test client.

    With `reads`, note which relationships are read, too, and let the detectors judge that need to know.
    """
    install()
    with watch_process() as recorder, noting_reads(recorder) if reads else nullcontext():
        recording = Recording(
            recorder,
            Request("block", "", name),
            defaults() if detectors is None else tuple(detectors),
            ON_READS if reads else (),
        )
        _recordings.append(recording)
        try:
            yield recording
        finally:
            _recordings.remove(recording)
            recording.finish()


class Profile:
    """What one middleware does with each request: judge, report, remember."""

    def __init__(
        self, detectors: Sequence[Detector], reporters: Sequence[Reporter], allowances: Sequence[Allowance] = ()
    ) -> None:
        self.detectors = detectors
        self.reporters = reporters
        self.allowances = allowances

    def report(
        self, window: Window, recorder: Recorder, request: Request, identity: str, so_far: Report | None = None
    ) -> Report:
        """Return the report of what a window has recorded so far; call `publish` with the last one."""
        facts = freeze(recorder, request, window.late, so_far.facts.statements if so_far else ())
        started_at = time() - facts.duration
        if so_far is not None and facts.statements is so_far.facts.statements:
            return Report(identity, started_at, facts, so_far.findings, so_far.silences)
        if not facts.query_count and not facts.checkouts and not facts.failed_loads:
            return Report(identity, started_at, facts)
        verdict = judge(facts, self.detectors, (*self.allowances, *recorder.allowances))
        return Report(identity, started_at, facts, *verdict)

    def publish(self, report: Report) -> None:
        """Hand a finished report to the tests that watch and to each reporter; a reporter that fails is logged once."""
        for recording in tuple(_recordings):
            recording.request_reports.append(report)
        for reporter in self.reporters:
            try:
                reporter(report)
            except Exception:
                report_trouble(f"reporter {_name(reporter)} failed")


@contextmanager
def allow(*patterns: str) -> Iterator[None]:
    """Allow findings of the block and of the windows around it and in it; see `query_guard.allowances` for patterns.

    A pattern that matched nothing is an info finding of the windows that watch the block. Raises ValueError for a
    pattern that is none.
    """
    allowances = parse_allowances("allow", patterns)
    for recorder in recorders(current.get()):
        recorder.allowances.extend(allowances)
    token = allowed.set((*allowed.get(), *allowances))
    try:
        yield
    finally:
        allowed.reset(token)


@contextmanager
def allow_in_process(patterns: Sequence[str]) -> Iterator[tuple[Allowance, ...]]:
    """Allow findings of all windows that are opened while the block runs, in any context; for test runners."""
    allowances = parse_allowances("allow", patterns)
    allowed_in_process.extend(allowances)
    try:
        yield allowances
    finally:
        for allowance in allowances:
            allowed_in_process.remove(allowance)


def stale_allowances(allowances: Iterable[Allowance]) -> Iterator[Finding]:
    """Yield what to say of each allowance that matched nothing."""
    for allowance in allowances:
        if not allowance.matched:
            summary = f"The allowance {allowance.pattern!r} matched nothing"
            yield Finding("stale_allowance", "info", summary, "Remove it: what it allowed is mended")


def judge(
    facts: Facts, detectors: Sequence[Detector], allowances: Sequence[Allowance] = ()
) -> tuple[tuple[Finding, ...], tuple[Silence, ...]]:
    """Return what the detectors find and what they are silent about; one that fails is logged once and says nothing."""
    verdicts: list[Finding | Silence] = []
    for detector in detectors:
        try:
            verdicts += tuple(detector(facts))
        except Exception:
            report_trouble(f"detector {_name(detector)} failed")
    endpoint = facts.request.endpoint.function if facts.request.endpoint else ""
    findings: list[Finding] = []
    silences: list[Silence] = []
    for verdict in verdicts:
        if isinstance(verdict, Silence):
            silences.append(verdict)
        elif allowance := allowance_for(verdict, allowances):
            reason = f"{verdict.kind} is allowed by {allowance.pattern!r}"
            silences.append(Silence(verdict.kind, reason, verdict.site, verdict.count, verdict.statements))
        else:
            findings.append(replace(verdict, endpoint=endpoint))
    return ranked(findings), tuple(silences)


def ranked(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Order findings by what mending them wins, the loud ones first."""
    return tuple(sorted(findings, key=lambda finding: (not finding.is_loud, -finding.saving)))


def query_budget(*, max_queries: int) -> Callable[[Endpoint], Endpoint]:
    """Declare on an endpoint how many statements it may send; more is a `statement_budget` finding."""
    if isinstance(max_queries, bool) or not isinstance(max_queries, int) or max_queries < 0:
        raise ValueError(f"query_budget: max_queries must be an integer of at least 0, not {max_queries!r}")

    def declare(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _BUDGET, max_queries)
        return endpoint

    return declare


def declared_budget(endpoint: Any) -> int | None:
    """Return the budget that `query_budget` left on an endpoint."""
    budget = getattr(endpoint, _BUDGET, None)
    return budget if isinstance(budget, int) else None


def report_id() -> str:
    return f"{random.getrandbits(64):016x}"


def _name(part: Any) -> str:
    return getattr(part, "__qualname__", None) or type(part).__qualname__
