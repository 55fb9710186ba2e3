"""A line that blocks the event loop, and with it every request."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from query_guard.detectors.thresholds import Thresholds
from query_guard.records import CallSite, Facts, Finding, LoopBlock, Triggers, grouped, shown_seconds

KIND = "event_loop_blocked"
_PYTHON = frozenset((".py", ".pyw", ".pyx", ".ipynb", ""))


@dataclass(eq=False)
class EventLoopBlocked(Thresholds):
    """Find times of at least `seconds` in which the event loop stood still while the request ran.

    Each request of that time has the finding, with the line that ran, whichever request caused it. Lines that ran for
    one call of the endpoint are one cause, since each look at a long serialisation sees another line. Of a template the
    line that renders it is named: its Python has other lines than its text.

    If no line of the application was seen running for long, the cause may be the machine, or many short turns of many
    tasks: then it is only information. Statements of a blocking driver are reported as such.
    """

    seconds: float = 0.1
    at_end = True

    @property
    def triggers(self) -> Triggers:
        return {"longest_block": self.seconds}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        blocks = (b for b in facts.loop_blocks if b.duration >= self.seconds and not _is_a_statement(b, facts))
        for blocks_of_call in grouped(
            blocks, lambda block: (block.site.frames[-1:], block.request == facts.serial)
        ).values():
            yield _finding(blocks_of_call, facts)


def _is_a_statement(block: LoopBlock, facts: Facts) -> bool:
    blocking = (row for row in facts.statements if row.blocking)
    return sum(block.overlap(row.start, row.end) for row in blocking) > block.duration / 2


def _finding(blocks: list[LoopBlock], facts: Facts) -> Finding:
    worst = max(blocks, key=lambda block: block.duration)
    sites = dict.fromkeys(_rendering_line(block.site) for block in (worst, *blocks))
    times = f", {len(blocks)} times" if len(blocks) > 1 else ""
    is_own = worst.request == facts.serial
    location = " at this line" if is_own else " at this line, outside this request" if worst.site.frames else ""
    return Finding(
        kind=KIND,
        severity="warning" if worst.site.frames else "info",
        summary=f"The event loop stood still for {shown_seconds(worst.duration)}{times}{location}",
        fix="Await an asynchronous call instead, or move the work to a thread: await run_in_threadpool(...)",
        site=next(iter(sites)),
        callers=tuple(sites)[:5] if len(sites) > 1 else (),
        count=len(blocks),
        saving=sum(block.duration for block in blocks),
        request=facts.serial,
    )


def _rendering_line(site: CallSite) -> CallSite:
    """Return the site without the frames of templates and of what they call, if there are others."""
    templates = [position for position, frame in enumerate(site.frames) if _is_template(frame.file)]
    outside = site.frames[templates[-1] + 1 :] if templates else ()
    return site._replace(key=hash(outside), frames=outside) if outside else site


def _is_template(file: str) -> bool:
    return os.path.splitext(file)[1] not in _PYTHON
