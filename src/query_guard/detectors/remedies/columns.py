"""Columns that are loaded object by object: deferred ones, and those of a subclass whose base was selected."""

from __future__ import annotations

from collections.abc import Sequence

from query_guard.detectors.remedies.loader_option import Loading, added_to_select
from query_guard.detectors.remedies.options import loaders_of, option_for, written_steps
from query_guard.detectors.remedies.promise import NOTHING, Promise, promise_of, roots_like
from query_guard.detectors.remedies.remedy import Remedy, at, listed, place_of
from query_guard.records import Facts, Loader, LoaderOption, LoadPath, OptionCall, Statement, chain_of

_DEFERRING = frozenset(("defer",))


def deferred(loader: Loader, ways: Sequence[LoadPath], facts: Facts) -> Remedy:
    """Return the remedy for deferred columns: `undefer` on the select, or without the `defer` that stands there."""
    names = loader.attribute.split(", ")
    plain = ".".join(f"undefer({loader.owner}.{name})" for name in names)
    way = ways[0]
    if len(ways) > 1 or way.root is None or way.how not in ("selected", "got"):
        return Remedy(plain, f"Add .options({plain}) to the select that loads {loader.owner}")
    path = tuple(step.name for step in way.steps)
    against = [name for name in names if option_for(way.root, (*path, f"{loader.owner}.{name}"), _DEFERRING)]
    if against:
        gone = listed([f"defer({loader.owner}.{name})" for name in against])
        return Remedy("", f"Remove {gone} from the select{at(way.root)}", *_columns_of(loader, way, NOTHING, facts))
    option = _undefer(loader, names, way)
    if option is not None and "text" in way.root.info.clauses.further:
        return Remedy(
            "", f"Select {listed(f'{loader.owner}.{name}' for name in names)} in the statement{at(way.root)}, too"
        )
    if option is None:
        return Remedy(plain, f"Add .options({plain}) to the select that loads {loader.owner}")
    promise = promise_of(way, loaders_of(way), facts) if any(way.lazy) else NOTHING
    if any(way.lazy) and promise == NOTHING:
        return added_to_select(Loading(option, way, []), facts)._replace(mended=(), sent=0)
    remedy = added_to_select(Loading(option, way, []), facts)
    mended, sent = _columns_of(loader, way, promise, facts)
    return remedy._replace(mended=mended, sent=sent)


def _undefer(loader: Loader, names: Sequence[str], way: LoadPath) -> LoaderOption | None:
    steps = written_steps(way.steps, way.entity)
    if steps is None or way.entity is None:
        return None
    owner = way.steps[-1].target if way.steps else ("alias" if way.entity.aliased else way.entity.name)
    undefer = [OptionCall("undefer", owner, name) for name in names]
    return LoaderOption(way.entity, (*chain_of(loaders_of(way), steps), *undefer))


def _columns_of(loader: Loader, way: LoadPath, before: Promise, facts: Facts) -> Promise:
    """Return what is won where the columns come with their objects."""
    roots = {row.serial for row in roots_like(way.root, facts)}
    rows = [row for row in facts.statements if row.loader is loader and _root_serial(row, facts) in roots]
    return Promise((*before.mended, *rows), before.sent)


def _root_serial(row: Statement, facts: Facts) -> int:
    root = facts.load_paths.of(row).root
    return root.serial if root is not None else 0


def of_subclass(loader: Loader, ways: Sequence[LoadPath], facts: Facts) -> Remedy | None:
    """Return the remedy for columns of a subclass; None where its base was not selected: they must have expired."""
    way = ways[0]
    entity = way.entity
    if way.root is None or entity is None or way.steps or entity.name not in loader.parents or entity.aliased:
        return None
    remedy = added_to_select(Loading(LoaderOption(entity, subclass=loader.owner), way, []), facts)
    if len(ways) > 1 or place_of(way.root) is None:
        return remedy._replace(mended=(), sent=0, edit=None, option=None)
    roots = roots_like(way.root, facts)
    serials = {root.serial for root in roots}
    rows = [
        row
        for row in facts.statements
        if row.loader is not None
        and row.loader.kind == "subclass"
        and row.loader.owner == loader.owner
        and _root_serial(row, facts) in serials
    ]
    used = {_root_serial(row, facts) for row in rows}
    return remedy._replace(mended=tuple(rows) if used == serials else (), sent=len(roots))
