"""Allow findings of the code in a block: `with allow("n_plus_one"):`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from query_guard.capture.window.allowed import allowed, allowed_in_process
from query_guard.capture.window.allowed_block import window_of_block
from query_guard.capture.window.recorder import Recorder
from query_guard.capture.window.window import Window, current
from query_guard.judge.allowances import parse_allowances
from query_guard.own_errors import contained, report_own_error
from query_guard.records import Allowance, Finding, grouped


@contextmanager
def allow(*patterns: str | Allowance) -> Iterator[None]:
    """Allow findings whose statements are all sent inside the block, and the findings of windows opened in it.

    The allowance reaches the tasks and threads that the block starts, and no others. A pattern that matched nothing
    becomes an info finding of the surrounding windows; see `Allowance` for patterns. Raises ValueError for a text that
    is no pattern.
    """
    allowances: tuple[Allowance, ...] = ()
    window: Window | None = None
    try:
        allowances = parse_allowances("allow", patterns)
        window = window_of_block(allowances)
    except ValueError:
        raise
    except Exception:
        report_own_error("findings of a block could not be allowed")
    token = allowed.set((*allowed.get(), *allowances))
    outer = current.set(window) if window is not None else None
    try:
        yield
    finally:
        with suppress(ValueError):  # a framework may leave a generator in another context than it entered
            allowed.reset(token)
            if outer is not None:
                current.reset(outer)
        if window is not None:
            _seal(window)


_seal = contained(Window.seal, "the window of a block could not be sealed")


@contextmanager
def allow_in_process(patterns: Sequence[str | Allowance]) -> Iterator[tuple[Allowance, ...]]:
    """Allow findings of all windows that are opened while the block runs, in any context. For test runners."""
    allowances = parse_allowances("allow", patterns)
    allowed_in_process.extend(allowances)
    try:
        yield allowances
    finally:
        for allowance in allowances:
            allowed_in_process.remove(allowance)


def stale_allowances(recorder: Recorder) -> Iterator[Finding]:
    """Yield a finding for each pattern that is allowed in a window, or in a block of it, and matched no finding."""
    of_blocks = [allowance for block in recorder.allowed_blocks for allowance in block.allowances]
    allowances = (*recorder.allowances, *of_blocks)
    for equal_allowances in grouped(allowances, lambda allowance: (allowance.pattern, allowance.until)).values():
        if not any(allowance.matched for allowance in equal_allowances):
            summary = f"The allowance {equal_allowances[0].pattern!r} matched nothing"
            yield Finding("stale_allowance", "info", summary, "Remove it: what it allowed is no longer found")
