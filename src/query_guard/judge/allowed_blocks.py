"""Allow findings of the code in a block: `with allow("n_plus_one"):`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from query_guard.capture.window.recorder import allowed, allowed_in_process
from query_guard.capture.window.window import current, recorders
from query_guard.judge.allowances import parse_allowances
from query_guard.own_errors import report_own_error
from query_guard.records import Allowance, Finding


@contextmanager
def allow(*patterns: str | Allowance) -> Iterator[None]:
    """Allow findings of the block, of the windows around it, and of those opened in it; see `Allowance` for patterns.

    A pattern that matched nothing becomes an info finding of the windows that watch the block. Raises ValueError for
    text that is no pattern.
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
        present = {(allowance.pattern, allowance.until) for allowance in recorder.allowances}
        added = [allowance for allowance in allowances if (allowance.pattern, allowance.until) not in present]
        recorder.allowances = (*recorder.allowances, *added)


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


def stale_allowances(allowances: Iterable[Allowance]) -> Iterator[Finding]:
    """Yield a finding for each allowance that matched nothing."""
    for allowance in allowances:
        if not allowance.matched:
            summary = f"The allowance {allowance.pattern!r} matched nothing"
            yield Finding("stale_allowance", "info", summary, "Remove it: what it allowed is mended")
