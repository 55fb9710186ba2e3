"""Settings of a pool that its own figures show to be wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from query_guard.detectors.thresholds import Thresholds
from query_guard.records import Checkout, Facts, Finding, Pool, Triggers, shown_seconds

KIND = "pool_settings"

_POOLLESS = {
    "NullPool": "NullPool makes a connection for each checkout",
    "StaticPool": "StaticPool gives all requests the same connection",
}


@dataclass(eq=False)
class PoolSettings(Thresholds):
    """Find settings of a served application's pools that its own figures show to be wrong; once for each engine.

    Only for databases on a server; a database in a file or in memory needs other settings.
    """

    at_end = True
    _reported_by: dict[tuple[int, str], int] = field(default_factory=dict, init=False, repr=False, compare=False)
    """For each engine and setting, the serial of the request whose report has the finding."""

    @property
    def triggers(self) -> Triggers:
        return {"changed_pools": 1}

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        if facts.request.kind != "http":
            return
        for pool in facts.pools:
            if pool.engine.is_server:
                for setting, summary, fix in _advice(pool):
                    if self._reported_by.setdefault((pool.engine.serial, setting), facts.serial) == facts.serial:
                        yield _finding(
                            summary, fix, [checkout for checkout in facts.checkouts if checkout.pool == pool.serial]
                        )


def _advice(pool: Pool) -> Iterator[tuple[str, str, str]]:
    """Yield setting, summary and fix."""
    connect_times = (
        f"; {pool.connects} were made, {shown_seconds(pool.connect_time / pool.connects)} each" if pool.connects else ""
    )
    if pool.kind in _POOLLESS:
        if pool.kind == "NullPool" and pool.connects < _ENOUGH:
            return
        yield "poolclass", f"{_POOLLESS[pool.kind]}{connect_times}", _KEEP
        return
    if pool.is_default and pool.size is not None and pool.peak > pool.size:
        waited = (
            f"; {pool.waits} {'wait' if pool.waits == 1 else 'waits'} took {shown_seconds(pool.wait_time)}"
            if pool.waits
            else ""
        )
        summary = f"{pool.peak} connections were out at once, of a pool that keeps {pool.size}{waited}{connect_times}"
        fix = f"Set pool_size={pool.peak} to keep as many, and max_overflow for the rest; stay below the server's limit"
        yield "pool_size", summary, fix
    if not pool.pre_ping:
        yield (
            "pool_pre_ping",
            f"{pool.engine.name} does not check that connections still work before requests get them",
            _PING,
        )


_ENOUGH = 3
"""Connections made, from which on their price is worth a word."""
_KEEP = "Leave poolclass out, so that connections are kept; NullPool is right only behind a pooler such as PgBouncer"
_PING = "Set pool_pre_ping=True: a ping at each checkout instead of an error after the server was restarted"


def _finding(summary: str, fix: str, checkouts: list[Checkout]) -> Finding:
    return Finding(
        kind=KIND,
        severity="info",
        summary=summary,
        fix=fix,
        site=checkouts[0].site,
        phase=checkouts[0].phase,
        request=checkouts[0].request,
    )
