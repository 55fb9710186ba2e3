"""Record the statements of a block: of a script or a worker with `record`, of a test with `record_process`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

from query_guard.capture.hooks.attribute_reads import noting_reads
from query_guard.capture.hooks.install import install
from query_guard.capture.hooks.session_births import noting_sessions
from query_guard.capture.live.calls import CallRecorder
from query_guard.capture.live.open_window import open_window
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.window import current, watchers
from query_guard.detectors import ON_READS, Detector, defaults
from query_guard.judge.listeners import listeners, refusal_listeners
from query_guard.own_errors import report_own_error
from query_guard.recording.recording import Recording
from query_guard.records import LateCounter, Request

_NOTHING_LATE = LateCounter()
"""The counter of blocks that could not be recorded; made here, where nothing can fail."""


@contextmanager
def record(name: str = "block", *, detectors: Sequence[Detector] | None = None) -> Iterator[Recording]:
    """Record the statements of a script, job or shell in this context; the report is ready when the block ends."""
    own_detectors = None if detectors is None else tuple(detectors)
    request = Request("block", "", name)
    window = None
    try:
        recording, window = _opened(request, own_detectors)
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
    """Return a finished, empty recording, for a block that could not be recorded."""
    missing: Any = None
    recording = Recording(missing, request, (), late=_NOTHING_LATE, request_reports=missing, errors_before={})
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

    With `reads`, note also which relationships are read, and run the detectors that need it. With `is_test_code`, which
    says of a file whether it is test code, only the application is judged: outside requests each call of test code into
    it by itself. Without, all that was sent outside requests is judged as one piece.
    """
    install()
    recorder = Recorder() if is_test_code is None else CallRecorder(is_test_code)
    recording = Recording(
        recorder,
        Request("block", "", name),
        defaults() if detectors is None else tuple(detectors),
        ON_READS if reads else (),
    )
    add_report, add_refusal = recording.request_reports.add, recording.refusals.add
    with noting_sessions(), noting_reads(recorder) if reads else nullcontext():
        watchers.append(recorder)
        listeners.append(add_report)
        refusal_listeners.append(add_refusal)
        try:
            yield recording
        finally:
            refusal_listeners.remove(add_refusal)
            listeners.remove(add_report)
            watchers.remove(recorder)
            recording.finish()
