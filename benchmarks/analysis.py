"""What reading a window costs after the work is done: facts, detectors, headers. Seconds, medians over repeated runs.

`python -m benchmarks.analysis` is one process and prints one line of JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter

from benchmarks.workloads import make_app, make_engine, send_request
from query_guard.capture.freeze.facts import freeze
from query_guard.capture.freeze.figures import WindowFigures
from query_guard.capture.hooks.install import install
from query_guard.capture.live.open_window import open_window
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.window import Window
from query_guard.detectors import BlockingDriver, defaults
from query_guard.judge.pipeline import Pipeline
from query_guard.judge.running_report import RunningReport
from query_guard.judge.triggers import NONE_TRIGGERED
from query_guard.judge.verdict import judge
from query_guard.records import Finding, Report, Request
from query_guard.web.headers import report_headers

SIZES = (3, 20, 100, 1_000, 5_000, 100_000)
DETECTORS = [one for one in defaults() if not isinstance(one, BlockingDriver)]
"""As in `contestants.query_guard`: of the driver nothing is said, so that the window has one finding."""
PIPELINE = Pipeline(DETECTORS, ())
PART = "headers: "
"""Begins the name of a part of them."""
REQUEST = Request("http", "GET", "/select", "/select/{times}", 200)


async def recorded(times: int) -> Recorder:
    """Return a window of so many repeats of one statement, each with a value of its own."""
    install()
    app = make_app(await make_engine("sqlite"))
    recorder = Recorder()
    with open_window(recorder, request=True):
        await send_request(app, "/select/1")
    shared, start, duration, owner, _, rows, load = recorder.rows[0]
    recorder.loop_blocks = ()  # the loop stands still here for as long as the benchmark measures
    recorder.rows[:] = [(shared, start, duration, owner, value, rows, load) for value in range(times)]
    return recorder


WINDOW = Window(Recorder())


def headers(recorder: Recorder) -> None:
    """What a response with findings waits for."""
    report_headers("0", *RunningReport(PIPELINE, recorder, WINDOW, "0").for_headers(REQUEST))


def parts_of_headers(recorder: Recorder) -> dict[str, Callable[[], object]]:
    """Return what the headers of a finding are made of, each part to be timed by itself."""
    window_figures = WindowFigures(recorder)
    figures = window_figures.read(REQUEST)
    triggered = PIPELINE.triggers.triggered(figures) or NONE_TRIGGERED
    findings = judge(freeze(recorder, REQUEST), triggered.of_statements).findings
    return {
        "figures": lambda: PIPELINE.triggers.triggered(WindowFigures(recorder).read(REQUEST)),
        "rows become facts": lambda: freeze(recorder, REQUEST, checkouts=False),
        "facts are judged": lambda: judge(freeze(recorder, REQUEST, checkouts=False), triggered.of_statements),
        "numbers of the pool": window_figures.numbers,
        "headers are written": lambda: report_headers("0", window_figures.numbers(), findings),
    }


def analyse(recorder: Recorder) -> Report:
    facts = freeze(recorder, REQUEST)
    told = [each for detector in DETECTORS for each in detector(facts)]
    return Report("0", 0.0, facts, tuple(finding for finding in told if isinstance(finding, Finding)))


def seconds(work: Callable[[], object], *, budget: float = 0.3) -> float:
    """Return the median time of repeated calls."""
    work()
    times: list[float] = []
    end = perf_counter() + budget
    started = 0.0
    while started < end:
        started = perf_counter()
        work()
        times.append(perf_counter() - started)
    return median(times)


async def _figures() -> dict[str, float]:
    gc.disable()
    windows = {times: await recorded(times) for times in SIZES}
    figures = {str(times): seconds(partial(analyse, window)) for times, window in windows.items()}
    parts = {f"{PART}{name}": seconds(work) for name, work in parts_of_headers(windows[3]).items()}
    parts[f"{PART}facts are judged"] -= parts[f"{PART}rows become facts"]
    parts[f"{PART}headers are written"] -= parts[f"{PART}numbers of the pool"]
    return {**figures, **parts, "headers": seconds(lambda: headers(windows[3]))}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_figures())))
