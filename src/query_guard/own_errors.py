"""How often the guard itself has failed in this process, and at what: where it has, its numbers may be wrong."""

from __future__ import annotations

from collections.abc import Mapping

HEAD = "query_guard itself failed, so that its numbers and findings may be wrong"
WHERE = "what each was is in the log, said once, on the logger 'query_guard'"
_MAX_KINDS = 500
_times: dict[str, int] = {}


def count_own_error(what: str) -> None:
    """Count a failure; threads at the same moment may count as one, but never as none."""
    what = what if what in _times or len(_times) < _MAX_KINDS else "something else failed"
    _times[what] = _times.get(what, 0) + 1


def own_errors(since: Mapping[str, int] = {}) -> dict[str, int]:
    """Return what has failed how often, or how much more often than at an earlier call."""
    return {what: times - since.get(what, 0) for what, times in tuple(_times.items()) if times > since.get(what, 0)}


def described(errors: Mapping[str, int]) -> str:
    """Write failures as one sentence."""
    return f"{HEAD}: {listed(errors)}; {WHERE}"


def listed(errors: Mapping[str, int]) -> str:
    return ", ".join(f"{what} ({times} {'time' if times == 1 else 'times'})" for what, times in errors.items())
