"""Blocks that are recorded: scripts and workers with `record`, tests with `record_process`; and what a block allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from time import time

from query_guard.allowances import Allowance, parse_allowances
from query_guard.capture.attribute_reads import noting_reads
from query_guard.capture.facts import freeze
from query_guard.capture.install import install
from query_guard.capture.open_window import open_window, watch_process
from query_guard.capture.recorder import Recorder, allowed, allowed_in_process
from query_guard.capture.window import current, recorders
from query_guard.detectors import ON_READS, Detector, defaults
from query_guard.listeners import listeners, refusal_listeners
from query_guard.profile import judge, ranked, report_id
from query_guard.records import Facts, Finding, LateCounter, Report, Request, Silence, Statement


@dataclass(slots=True, eq=False)
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
    refusals: set[str] = field(default_factory=set)
    """What is wrong with the QueryGuards that requests of the block passed unprofiled."""
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
    request = Request("block", "", name)
    recording = Recording(recorder, request, defaults() if detectors is None else tuple(detectors))
    with open_window(recorder) as window:
        recording.late = window.late
        window.describe = lambda: request
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
        listeners.append(recording.request_reports.append)
        refusal_listeners.append(recording.refusals.add)
        try:
            yield recording
        finally:
            refusal_listeners.remove(recording.refusals.add)
            listeners.remove(recording.request_reports.append)
            recording.finish()


@contextmanager
def allow(*patterns: str | Allowance) -> Iterator[None]:
    """Allow findings of the block and of the windows around it and in it; see `query_guard.allowances` for patterns.

    A pattern that matched nothing is an info finding of the windows that watch the block. Raises ValueError for a
    pattern that is none.
    """
    allowances = parse_allowances("allow", patterns)
    for recorder in recorders(current.get()):
        known = {(allowance.pattern, allowance.until) for allowance in recorder.allowances}
        news = [allowance for allowance in allowances if (allowance.pattern, allowance.until) not in known]
        recorder.allowances = (*recorder.allowances, *news)
    token = allowed.set((*allowed.get(), *allowances))
    try:
        yield
    finally:
        with suppress(ValueError):  # a framework may leave a generator in another context than it entered
            allowed.reset(token)


@contextmanager
def allow_in_process(patterns: Sequence[str | Allowance]) -> Iterator[tuple[Allowance, ...]]:
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
