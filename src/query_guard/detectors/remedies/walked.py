"""Selects in a loop that do the work of a relationship: by a foreign key, or `session.get()` of a referenced object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from query_guard.detectors.remedies.loader_option import added_to_select, loading_of
from query_guard.detectors.remedies.options import option_for
from query_guard.detectors.remedies.remedy import Remedy, listed, place_of
from query_guard.detectors.remedies.written import reads_attribute, the_select
from query_guard.records import CRITERIA, Facts, LoadPath, Statement, Step


def walked_by_hand(rows: Sequence[Statement], facts: Facts) -> Remedy | None:
    """Return the remedy for a loop of selects that does what a mapped relationship of the loop's objects would do.

    Those objects came from an earlier select of their class, which returned at least as many as the loop has turns.
    Without such a select there is no object to read the relationship from: then None.
    """
    row = rows[0]
    target = row.info
    clauses = target.clauses
    if not target.entities or set(clauses.further) - {CRITERIA} or clauses.lock or clauses.group_by:
        return None
    for owner, attribute in target.walks:
        step = Step(owner, attribute, True, target.entities[0].name, (owner,), target.entities[0].lineage)
        remedy = _read_instead(rows, step, facts, f"and read .{attribute} instead of this select")
        if remedy is not None:
            return remedy
    return _got_by_key(rows, facts)


def _got_by_key(rows: Sequence[Statement], facts: Facts) -> Remedy | None:
    """Return the remedy with a many-to-one, if the line reads the foreign key of the loop's objects."""
    row = rows[0]
    for owner, attribute, key in row.info.referrers:
        if reads_attribute(row.site.frames[:_NEAR], key):
            step = Step(owner, attribute, False, row.info.entities[0].name, (owner,), row.info.lineage)
            replaced = f"session.{row.site.call}()" if row.info.clauses.got else "this select"
            remedy = _read_instead(rows, step, facts, f"and read .{attribute} instead of {replaced}")
            if remedy is not None:
                return remedy
    return None


def _read_instead(rows: Sequence[Statement], step: Step, facts: Facts, instead: str) -> Remedy | None:
    sources = list(_sources(step.owner, len({row.values for row in rows}), rows[0], facts))
    if not sources:
        return None
    names = listed([the_select(source) for source in sources], "or")
    source = sources[0]
    entity = next(candidate for candidate in source.info.entities if step.owner in candidate.lineage)
    path = LoadPath(source, "selected", (step._replace(owners=entity.lineage),), (True,))
    loading = loading_of(path)
    if loading is None or option_for(source, (step.name,), _ANY):
        return None
    remedy = added_to_select(loading, facts)
    if len(sources) > 1:
        advice = f"Add .options({loading.code}) to {names}, whichever loads the objects of the loop, {instead}"
        return Remedy(loading.code, advice, relationship=step.name)
    sent = 0 if loading.loaders[-1] == "joinedload" else 1
    sent_there = [row for row in facts.statements if place_of(row) == place_of(source) and row.loader is None]
    is_only_source = len(sent_there) == 1
    return Remedy(
        loading.code,
        f"{remedy.advice} {instead}",
        tuple(rows) if is_only_source else (),
        sent if is_only_source else 0,
        step.name,
        remedy.edit,
    )


_NEAR = 3
"""In how many frames the key is looked for: the loop may call a function that sends the select."""
_ANY = frozenset(("selectinload", "joinedload", "subqueryload", "immediateload", "lazyload", "raiseload", "noload"))


def _sources(owner: str, turns: int, loop_row: Statement, facts: Facts) -> Iterator[Statement]:
    """Yield the selects, one for each line, that returned objects of a class: many, and enough for each turn."""
    places: set[object] = set()
    for row in facts.statements:
        if row.serial >= loop_row.serial:
            return
        if row.loader is None and any(owner in candidate.lineage for candidate in row.info.entities):
            brought = row.brought
            if (
                brought is not None
                and brought > 1
                and brought >= turns
                and place_of(row) not in places
                and _alike(row, loop_row)
            ):
                places.add(place_of(row))
                yield row


def _alike(source: Statement, row: Statement) -> bool:
    """Whether both selects have loader criteria, or neither has."""
    return (CRITERIA in source.info.clauses.further) == (CRITERIA in row.info.clauses.further)
