"""Warn, once and at the start, of options that are valid and can never take effect."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence

from query_guard.detectors import DEFAULTS
from query_guard.own_errors import report_own_error
from query_guard.records import Allowance
from query_guard.web.nearest import nearest
from query_guard.web.options import Options


def warn(sentences: Iterable[str]) -> None:
    """Log each sentence. This is advice: a failure here does not keep the application from starting."""
    try:
        for sentence in sentences:
            logging.getLogger("query_guard").warning("query_guard: %s", sentence)
    except Exception:
        report_own_error("options could not be checked for their effect")


def without_effect(
    options: Options, given_names: Collection[str], allowances: Sequence[Allowance], *, detectors_are_defaults: bool
) -> Iterator[str]:
    """Yield a sentence for each option that can never take effect, with what to do about it.

    `given_names` are the names of the options that were passed.
    """
    if options.engines is not None and not options.engines:
        yield "engines is empty, so that no statement is counted; leave it out to watch all engines"
    for pattern in options.exclude:
        if pattern[:1] not in ("/", "*", "?", "["):
            yield f"exclude={pattern!r} matches no path, as each begins with a slash; write {'/' + pattern!r}"
    yield from _debug_options(options, given_names)
    kinds = _default_kinds() if detectors_are_defaults else ()
    for allowance in allowances:
        if kinds and allowance.kind is not None and allowance.kind not in kinds:
            yield (
                f"allow={allowance.pattern!r} allows nothing, as no default detector finds the kind "
                f"{allowance.kind!r}; the nearest is {nearest(allowance.kind, kinds)!r}"
            )
        if allowance.has_expired:
            yield allowance.expiry


def _debug_options(options: Options, given_names: Collection[str]) -> Iterator[str]:
    """Yield for options of the debug endpoint where it is off, unless the environment switches it off for now."""
    if options.debug or os.environ.get("QUERY_GUARD_DEBUG", "").strip():
        return
    values = {"debug_token": options.debug_token is not None, "debug_path": True}
    for name in (name for name, has_value in values.items() if has_value and name in given_names):
        yield f"{name} has no effect without the debug endpoint; add debug=True or QUERY_GUARD_DEBUG=1, or leave it out"


def _default_kinds() -> Collection[str]:
    """Return the kinds of the default detectors; each states its kind in its own module."""
    return [sys.modules[detector.__module__].KIND for detector in DEFAULTS]


def unknown_budgets(budgets: Iterable[str], routes: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each budget whose route the application does not have."""
    for route in budgets:
        if routes and route not in routes:
            closest = nearest(route, routes)
            yield f"the budget for {route!r} names no route of the application; the nearest is {closest!r}"


def inside_another(given_names: Sequence[str]) -> str:
    """Return a sentence for a QueryGuard inside another one; `given_names` are the names of its options."""
    move = (
        f"give {', '.join(given_names)} to the outer one, which is added last, or remove" if given_names else "remove"
    )
    return (
        f"a QueryGuard is inside another one, and only the outer one profiles the requests that pass through both; the "
        f"options of the inner one have no effect on them: {move} the inner one"
    )
