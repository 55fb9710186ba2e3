"""One query for the parents, and one more for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from query_guard.detectors.batches import batch_reason
from query_guard.detectors.inserted_singly import inserted_singly, made_in_python
from query_guard.detectors.polls import asks_for_what_is_new, may_poll
from query_guard.detectors.refreshes import are_of_refreshes, loaded_with, read_back_singly
from query_guard.detectors.remedies import remedy_for
from query_guard.detectors.remedies.writes import table_of
from query_guard.detectors.thresholds import Thresholds
from query_guard.records import Facts, Finding, Silence, Statement, Triggers, different_sets, distinct_sites

KIND = "n_plus_one"
_CREATED = 20


@dataclass(eq=False)
class NPlusOne(Thresholds):
    """Find a statement that a loop repeats, and give a reason for each repetition that is no loop.

    A loop is one shape, from one site, on one engine, in one window (for a WebSocket, in one message).

    - The chunks of an eager load or of an IN list, the rows of one flush, the pages of a list and a retry are one piece
      of work, not a loop. An execution with several driver calls is one statement.
    - If a relationship is loaded for an object, two different objects make a loop. Otherwise three different objects
      or sets of values do, since two may be a coincidence.
    - What a refresh loads with its object belongs to the refresh. Fewer than twenty rows that are each written and read
      back at once, as by the `create()` of a repository, are information. So is what may be a poll for what is new.
    - A relationship that leads to itself, as in a tree, is one loop, even if several lines follow it.
    - Dependencies of a route that share their code, as with `Depends(require("read"))`, are no loop if each sends one
      statement.
    - Repetitions with the same values are duplicates.
    - On a server, one INSERT of `singly` rows or more is a loop if SQLAlchemy sends a statement for each row.
    """

    owners: int = 2
    repeats: int = 3
    singly: int = 10

    @property
    def triggers(self) -> Triggers:
        return {"repeated": 1, "most_batches": self.singly}

    def __call__(self, facts: Facts) -> Iterator[Finding | Silence]:
        findings: list[Finding] = []
        for rows in facts.repetitions:
            reason = batch_reason(rows, facts) or _dependencies_reason(rows, facts) or self._coincidence(rows, facts)
            if reason is None:
                findings.append(_finding(rows, facts))
            else:
                yield _silence(rows, reason)
        yield from findings
        yield from map(_inserted_singly, inserted_singly(facts, self.singly))

    def _coincidence(self, rows: list[Statement], facts: Facts) -> str | None:
        """Return why repetitions that are no batch are no loop either, or None if they are a loop."""
        loader = rows[0].loader
        if loader is not None and rows[0].owner is not None:
            owners = len({row.owner for row in rows})
            relates = loader.path and not are_of_refreshes(rows, facts)
            if owners >= (self.owners if relates else self.repeats):
                return None
            return "always for the same object" if owners == 1 else f"only {owners} different objects"
        different = different_sets(rows)
        if different >= self.repeats:
            return None
        return "the same values each time" if different == 1 else f"only {different} different sets of values"


def _dependencies_reason(rows: list[Statement], facts: Facts) -> str | None:
    """Return why repetitions are no loop if they come from dependencies that one function made."""
    frames = {(frame.file, frame.first_line) for frame in rows[0].site.frames}
    for start, times in facts.request.shared_dependencies:
        if len(rows) <= times and (start.file, start.first_line) in frames:
            return f"{times} dependencies share this code, and sent one each"
    return None


def _finding(rows: list[Statement], facts: Facts) -> Finding:
    first = rows[0]
    remedy = remedy_for(rows, facts)
    return Finding(
        kind=KIND,
        severity="info" if _is_of_create(rows, facts) or (asks_for_what_is_new(rows) and may_poll(rows)) else "warning",
        summary=f"{_subject(first)} {len(rows)} times, {_manner(rows, facts)}: {first.sql}",
        fix=remedy.advice,
        remedy=remedy.code,
        site=first.site,
        callers=distinct_sites(rows)[:5],
        count=len(rows),
        relationship=remedy.relationship or first.relationship,
        edit=remedy.edit,
        option=remedy.option,
        saved_statements=remedy.saved,
        saving=remedy.saving,
        phase=first.phase,
        statements=tuple([row.serial for row in rows]),
        request=first.request,
        too_many=True,
        avoided=loaded_with(rows, facts) if first.loader is not None and first.loader.kind == "refresh" else (),
    )


def _is_of_create(rows: list[Statement], facts: Facts) -> bool:
    """Whether a few rows are each written and read back, as by the `create()` of a repository."""
    return len(rows) < _CREATED and rows[0].flush > 0 and read_back_singly(rows, facts)


def _inserted_singly(rows: list[Statement]) -> Finding:
    first, number = rows[0], sum(row.batches for row in rows)
    return Finding(
        kind=KIND,
        severity="warning",
        summary=f"{number} rows of {table_of(first)} were inserted one at a time, by one call: {first.sql}",
        fix=made_in_python(rows),
        site=first.site,
        callers=distinct_sites(rows)[:5],
        count=number,
        saving=sum(row.duration for row in rows) * (1 - len(rows) / number),
        phase=first.phase,
        statements=tuple([row.serial for row in rows]),
        request=first.request,
        too_many=True,
    )


def _silence(rows: list[Statement], reason: str) -> Silence:
    return Silence(KIND, f"not N+1: {reason}", rows[0].site, len(rows), tuple([row.serial for row in rows]))


def _subject(row: Statement) -> str:
    loader = row.loader
    if loader is not None and loader.path:
        return f"{loader.owner}.{loader.attribute} was loaded"
    if loader is not None:
        of_class = f"{loader.owner}.{loader.attribute}" if loader.attribute else loader.owner
        return {
            "column": f"The deferred {of_class} was loaded",
            "subclass": f"{of_class}, a column of a subclass, was loaded",
            "generated": f"{of_class}, which the database makes, was read again",
            "computed": f"{of_class}, which SQL computes, was read again",
            "expired": f"An expired {of_class} was read again",
        }.get(loader.kind, f"{loader.owner} was refreshed")
    table = (row.writes or row.tables)[:1]
    preposition_and_table = f" {'from' if row.operation == 'SELECT' else 'on'} {table[0]}" if table else ""
    return f"{row.operation}{preposition_and_table} ran"


def _manner(rows: list[Statement], facts: Facts) -> str:
    tasks, connections = {row.task for row in rows}, {row.connection for row in rows}
    if len(tasks) > 1 and facts.held_at_once(each for each in facts.checkouts if each.connection in connections) > 1:
        return f"fanned out over {len(tasks)} tasks and {len(connections)} connections"
    if rows[0].phase == "serialization" and facts.request.endpoint is not None:
        return f"while the answer of {facts.request.endpoint.function} was serialised"
    return "once for each object of a loop"
