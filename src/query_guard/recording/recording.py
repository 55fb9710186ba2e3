"""What a block has sent: its statements and findings so far, and its report at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from time import time

from query_guard.capture.freeze.facts import freeze
from query_guard.capture.window.recorder import Recorder
from query_guard.detectors import Detector
from query_guard.judge.allowed_blocks import stale_allowances
from query_guard.judge.outside_requests import detectors_of_lost_checkouts, lost_since, parts_outside_requests
from query_guard.judge.pipeline import report_id
from query_guard.judge.request_reports import RequestReports
from query_guard.judge.trace import current_trace
from query_guard.judge.verdict import judge, ranked
from query_guard.own_errors import own_errors, report_own_error
from query_guard.records import Facts, Finding, LateCounter, Report, Request, Silence, Statement


@dataclass(slots=True, eq=False)
class Recording:
    """What a block has sent so far, and its report once it has ended.

    Each request in the block is judged on its own, by the application's middleware. What was sent outside requests is
    judged together. `block_detectors` judge the whole block at once: they find what one request alone cannot show.
    """

    recorder: Recorder
    request: Request
    detectors: Sequence[Detector]
    block_detectors: Sequence[Detector] = ()
    late: LateCounter = field(default_factory=LateCounter)
    request_reports: RequestReports = field(default_factory=RequestReports)
    errors_before: dict[str, int] = field(default_factory=own_errors)
    refusals: set[str] = field(default_factory=set)
    """Why requests of the block were not profiled: the wrong options of their QueryGuards, as sentences."""
    _final: Report | None = None

    @property
    def query_count(self) -> int:
        return self._final.query_count if self._final is not None else self.recorder.query_count

    @property
    def driver_calls(self) -> int:
        """Driver calls: more than `query_count` where one execution took several (insertmanyvalues)."""
        return self.recorder.driver_calls

    @property
    def own_errors(self) -> dict[str, int]:
        """Failures of the guard itself since the block began, and how often each: numbers may be wrong."""
        return own_errors(self.errors_before)

    @property
    def saw_nothing(self) -> bool:
        """Whether no statement and no checkout of any engine was seen: then a count of 0 proves nothing."""
        return self.recorder.saw_nothing

    @property
    def statements(self) -> tuple[Statement, ...]:
        return self._facts().statements

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self._final.findings if self._final is not None else self._judged(self._facts())[0]

    @property
    def report(self) -> Report:
        """The finished report. Raises RuntimeError while the block runs."""
        if self._final is None:
            raise RuntimeError(
                "the report is made when the block ends; read .query_count, .statements or .findings inside it"
            )
        return self._final

    def finish(self) -> None:
        """Make the report, or an empty one where that fails: the block itself must not fail with it."""
        if self._final is not None:
            return
        try:
            facts = self._facts()
            findings, silences = self._judged(facts)
            stale = stale_allowances(self.recorder)
            trace_id, span_id = current_trace()
            self._final = Report(
                report_id(), time() - facts.duration, facts, (*findings, *stale), silences,
                trace_id=trace_id, span_id=span_id,
            )  # fmt: skip
        except Exception:
            report_own_error("the report of a block could not be made")
            self.give_up()

    def give_up(self) -> None:
        """Finish with an empty report, as the guard could not record."""
        self._final = Report("", time(), Facts(self.request, 0.0, (), late=self.late))

    def _facts(self) -> Facts:
        return self._final.facts if self._final is not None else freeze(self.recorder, self.request, self.late)

    def _judged(self, facts: Facts) -> tuple[tuple[Finding, ...], tuple[Silence, ...]]:
        parts = parts_outside_requests(facts, self.recorder)
        verdicts = [judge(part, self.detectors, self.recorder.allowances, self.recorder) for part in parts]
        lost = lost_since(facts, self.request_reports.kept)
        if lost is not None:
            verdicts.append(
                judge(lost, detectors_of_lost_checkouts(self.detectors), self.recorder.allowances, self.recorder)
            )
        findings = [finding for verdict in verdicts for finding in verdict.findings]
        silences = [silence for verdict in verdicts for silence in verdict.silences]
        of_requests = [finding for report in self.request_reports.kept for finding in report.findings]
        of_block, block_silences = judge(
            self._answered(facts), self.block_detectors, self.recorder.allowances, self.recorder
        )
        return ranked([*of_requests, *findings, *of_block]), (*silences, *block_silences)

    def _answered(self, facts: Facts) -> Facts:
        """Leave out requests that ended in a server error: they did only a part of their work."""
        failed = self.request_reports.failed
        return replace(facts, statements=tuple(row for row in facts.statements if row.request not in failed))
