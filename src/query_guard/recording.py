"""Blocks that are recorded: scripts and workers with `record`, tests with `record_process`; and what a block allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from time import time
from typing import Any

from query_guard.capture.freeze.facts import freeze
from query_guard.capture.hooks.attribute_reads import noting_reads
from query_guard.capture.hooks.install import install
from query_guard.capture.hooks.session_births import noting_sessions
from query_guard.capture.live.open_window import open_window
from query_guard.capture.window.calls import CallRecorder
from query_guard.capture.window.recorder import Recorder, allowed, allowed_in_process
from query_guard.capture.window.window import current, recorders, watchers
from query_guard.detectors import ON_READS, Detector, defaults
from query_guard.judge.allowances import parse_allowances
from query_guard.judge.listeners import listeners, refusal_listeners
from query_guard.judge.outside_requests import lost_since, of_lost_checkouts, parts_outside_requests
from query_guard.judge.pipeline import report_id
from query_guard.judge.request_reports import RequestReports
from query_guard.judge.verdict import judge, ranked
from query_guard.own_errors import own_errors, report_own_error
from query_guard.records import Allowance, Facts, Finding, LateCounter, Report, Request, Silence, Statement

_NOTHING_LATE = LateCounter()
"""That of blocks that could not be begun, made before anything could fail."""


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
    request_reports: RequestReports = field(default_factory=RequestReports)
    errors_before: dict[str, int] = field(default_factory=own_errors)
    refusals: set[str] = field(default_factory=set)
    """What is wrong with the QueryGuards that requests of the block passed unprofiled."""
    _final: Report | None = None

    @property
    def query_count(self) -> int:
        return self._final.query_count if self._final is not None else self.recorder.query_count

    @property
    def driver_calls(self) -> int:
        """What was sent, where some executions took several driver calls (insertmanyvalues)."""
        return self.recorder.driver_calls

    @property
    def own_errors(self) -> dict[str, int]:
        """What of the guard itself has failed since the block began, and how often: its numbers may be wrong."""
        return own_errors(self.errors_before)

    @property
    def saw_nothing(self) -> bool:
        """Whether no statement and no checkout of any engine was seen: then no number and no silence means anything."""
        return self.recorder.saw_nothing

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
        """Make the report; where that fails, an empty one stands for it, as the block's own work must not suffer."""
        if self._final is not None:
            return
        try:
            facts = self._facts()
            findings, silences = self._judged(facts)
            stale = stale_allowances(self.recorder.allowances)
            self._final = Report(report_id(), time() - facts.duration, facts, (*findings, *stale), silences)
        except Exception:
            report_own_error("the report of a block could not be made")
            self.give_up()

    def give_up(self) -> None:
        """Let an empty report stand for what the guard could not record."""
        self._final = Report("", time(), Facts(self.request, 0.0, (), late=self.late))

    def _facts(self) -> Facts:
        return self._final.facts if self._final is not None else freeze(self.recorder, self.request, self.late)

    def _judged(self, facts: Facts) -> tuple[tuple[Finding, ...], tuple[Silence, ...]]:
        parts = parts_outside_requests(facts, self.recorder)
        verdicts = [judge(part, self.detectors, self.recorder.allowances) for part in parts]
        lost = lost_since(facts, self.request_reports.kept)
        if lost is not None:
            verdicts.append(judge(lost, of_lost_checkouts(self.detectors), self.recorder.allowances))
        findings = [finding for verdict in verdicts for finding in verdict.findings]
        silences = [silence for verdict in verdicts for silence in verdict.silences]
        of_requests = [finding for report in self.request_reports.kept for finding in report.findings]
        of_block, block_silences = judge(self._answered(facts), self.block_detectors, self.recorder.allowances)
        return ranked([*of_requests, *findings, *of_block]), (*silences, *block_silences)

    def _answered(self, facts: Facts) -> Facts:
        """Leave out the requests that ended in a server error, before they came to all that they would have done."""
        failed = self.request_reports.failed
        return replace(facts, statements=tuple(row for row in facts.statements if row.request not in failed))


@contextmanager
def record(name: str = "block", *, detectors: Sequence[Detector] | None = None) -> Iterator[Recording]:
    """Record the statements of a script, job or shell in this context; the report is there when the block ends."""
    given = None if detectors is None else tuple(detectors)
    request = Request("block", "", name)
    window = None
    try:
        recording, window = _opened(request, given)
    except Exception:
        report_own_error("a block could not be recorded")
        recording = _unrecorded(request)
    token = current.set(window) if window is not None else None
    try:
        yield recording
    finally:
        try:
            recording.finish()
            if window is not None:
                window.close()
        except Exception:
            report_own_error("the report of a block could not be made")
        finally:
            if token is not None:
                with suppress(ValueError):  # a framework may leave a generator in another context than it entered
                    current.reset(token)


def _opened(request: Request, detectors: Sequence[Detector] | None) -> tuple[Recording, open_window]:
    install()
    recorder = Recorder()
    window = open_window(recorder)
    recording = Recording(recorder, request, defaults() if detectors is None else detectors, late=window.late)
    window.describe = lambda: request
    window.open()
    return recording, window


def _unrecorded(request: Request) -> Recording:
    """Return the recording of a block that could not be begun: it is finished already, and empty."""
    nothing: Any = None
    recording = Recording(nothing, request, (), late=_NOTHING_LATE, request_reports=nothing, errors_before={})
    recording.give_up()
    return recording


@contextmanager
def record_process(
    name: str = "test",
    *,
    detectors: Sequence[Detector] | None = None,
    reads: bool = False,
    is_test_code: Callable[[str], bool] | None = None,
) -> Iterator[Recording]:
    """Record what any context of the process sends: fixtures, threads and the requests of a test client.

    With `reads`, note which relationships are read, too, and let the detectors judge that need to know. With
    `is_test_code`, which says of a file whether it is, only the application is judged: outside requests each call of
    test code into it by itself. Without, all that was sent outside requests is judged as one piece.
    """
    install()
    recorder = Recorder() if is_test_code is None else CallRecorder(is_test_code)
    recording = Recording(
        recorder,
        Request("block", "", name),
        defaults() if detectors is None else tuple(detectors),
        ON_READS if reads else (),
    )
    hears, refused = recording.request_reports.add, recording.refusals.add
    with noting_sessions(), noting_reads(recorder) if reads else nullcontext():
        watchers.append(recorder)
        listeners.append(hears)
        refusal_listeners.append(refused)
        try:
            yield recording
        finally:
            refusal_listeners.remove(refused)
            listeners.remove(hears)
            watchers.remove(recorder)
            recording.finish()


@contextmanager
def allow(*patterns: str | Allowance) -> Iterator[None]:
    """Allow findings of the block and of the windows around it and in it; see `Allowance` for patterns.

    A pattern that matched nothing is an info finding of the windows that watch the block. Raises ValueError for a
    pattern that is none.
    """
    allowances: Sequence[Allowance] = ()
    try:
        allowances = parse_allowances("allow", patterns)
        _allow_around(allowances)
    except ValueError:
        raise
    except Exception:
        report_own_error("findings of a block could not be allowed")
    token = allowed.set((*allowed.get(), *allowances))
    try:
        yield
    finally:
        with suppress(ValueError):  # a framework may leave a generator in another context than it entered
            allowed.reset(token)


def _allow_around(allowances: Sequence[Allowance]) -> None:
    """Allow findings of the windows that are open."""
    for recorder in recorders(current.get()):
        known = {(allowance.pattern, allowance.until) for allowance in recorder.allowances}
        news = [allowance for allowance in allowances if (allowance.pattern, allowance.until) not in known]
        recorder.allowances = (*recorder.allowances, *news)


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
