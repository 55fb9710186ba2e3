"""Attributes that were read before they were loaded, when they could not be loaded any more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from query_guard.detectors.remedies import Remedy, loaded_before
from query_guard.detectors.remedies.remedy import at
from query_guard.records import Facts, FailedLoad, FailureOfLoad, Finding, Loader, Silence, Statement, grouped


class Unloaded(NamedTuple):
    """An attribute, or all of an object, that could not be loaded at one line; `name` is None if nothing is known.

    `retries` are the statements that loaded it after all, where the application caught the error. `is_call` says that a
    test called the application itself: then the error was caught, or the test receives it.
    """

    name: str | None
    loads: list[FailedLoad]
    remedy: Remedy
    retries: tuple[Statement, ...] = ()
    is_call: bool = False

    def found(self, kind: str, summary: str, fix: str | None = None) -> Finding | Silence:
        """Return the finding; `fix` replaces the remedy's advice. It is information if the attribute was loaded then.

        If it was loaded for several objects then, those loads are judged as a loop, and this is a silence.
        """
        if len({row.owner for row in self.retries}) > 1:
            reason = f"not {kind}: it was caught, and {len(self.retries)} statements loaded {self.name} then"
            return Silence(kind, reason, self.loads[0].site, len(self.loads), tuple(row.serial for row in self.retries))
        if self.retries:
            summary += f"; it was caught, and loaded then{at(self.retries[0])}"
        return self._finding(kind, summary, fix)

    def _finding(self, kind: str, summary: str, fix: str | None) -> Finding:
        first = self.loads[0]
        return Finding(
            kind=kind,
            severity="info" if self.retries or self.is_call else "warning",
            summary=summary,
            fix=fix or self.remedy.advice,
            remedy=self.remedy.code,
            edit=self.remedy.edit,
            option=self.remedy.option,
            site=first.site,
            count=len(self.loads),
            relationship=first.loader.relationship if first.loader else None,
            phase=first.phase,
            statements=tuple(row.serial for row in self.retries),
            request=first.request,
        )


def unloaded(facts: Facts, *failures: FailureOfLoad) -> Iterator[Unloaded]:
    """Yield the attributes that could not be loaded for these reasons, once for each attribute and line."""
    failed = [load for load in facts.failed_loads if load.failure in failures]
    for loads in grouped(failed, lambda load: (load.loader, load.site.key, load.failure)).values():
        loader = loads[0].loader
        is_call = facts.request.is_call
        if loader is None:
            yield Unloaded(None, loads, Remedy("", ""), (), is_call)
        else:
            name = f"{loader.owner}.{loader.attribute}" if loader.attribute else loader.owner
            remedy = loaded_before(loads[0], loader, facts)
            yield Unloaded(name, loads, remedy, _retries(loads, loader, facts), is_call)


def _retries(loads: list[FailedLoad], loader: Loader, facts: Facts) -> tuple[Statement, ...]:
    """Return the statements that loaded an attribute after all, if the last failure was followed by one.

    An expired object is itself loaded again first. A request that failed has not caught the error.
    """
    rows = [row for row in facts.statements if row.serial >= loads[0].serial and row.loader is not None]
    sources = {load.loaded_by for load in loads}
    sources |= {row.serial for row in rows if row.loaded_by in sources and _reloads(row.loader, loader)}
    same = [row for row in rows if row.loaded_by in sources and _attribute(row.loader) == _attribute(loader)]
    is_caught = any(row.serial >= loads[-1].serial for row in same) and not facts.request.has_failed
    return tuple(same) if is_caught else ()


def _reloads(loader: Loader | None, failed: Loader) -> bool:
    """Tell whether a statement loaded an expired object again whose attribute had failed to load."""
    return loader is not None and loader.kind in ("expired", "refresh") and loader.parents == failed.parents


def _attribute(loader: Loader | None) -> tuple[str, str] | None:
    return (loader.owner, loader.attribute) if loader is not None else None
