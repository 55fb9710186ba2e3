"""Columns that are loaded object by object: deferred ones, and those of a subclass whose base was selected."""

from __future__ import annotations

from collections.abc import Sequence

from query_guard.detectors.remedies.loader_option import Loading, added_to_select
from query_guard.detectors.remedies.options import loaders_of, option_for, written_steps
from query_guard.detectors.remedies.promise import NOTHING, Promise, promise_of, roots_like
from query_guard.detectors.remedies.remedy import Remedy, at, listed, place_of
from query_guard.detectors.remedies.written import the_select
from query_guard.records import Facts, Loader, LoaderOption, LoadPath, OptionCall, Statement, chain_of

_DEFERRING = frozenset(("defer",))


def deferred(loader: Loader, paths: Sequence[LoadPath], facts: Facts) -> Remedy:
    """Return the remedy for deferred columns: add `undefer` to the select, or remove its `defer`."""
    names = loader.attribute.split(", ")
    plain = ".".join(f"undefer({loader.owner}.{name})" for name in names)
    load_path = paths[0]
    if len(paths) > 1 or load_path.root is None or load_path.how not in ("selected", "got"):
        return Remedy(plain, f"Add .options({plain}) to the select that loads {loader.owner}")
    names_of_steps = tuple(step.name for step in load_path.steps)
    deferred_names = [
        name for name in names if option_for(load_path.root, (*names_of_steps, f"{loader.owner}.{name}"), _DEFERRING)
    ]
    if deferred_names:
        removal = listed([f"defer({loader.owner}.{name})" for name in deferred_names])
        return Remedy(
            "", f"Remove {removal} from {the_select(load_path.root)}", *_columns_of(loader, load_path, NOTHING, facts)
        )
    option = _undefer(loader, names, load_path)
    if option is not None and "text" in load_path.root.info.clauses.further:
        return Remedy(
            "", f"Select {listed(f'{loader.owner}.{name}' for name in names)} in the statement{at(load_path.root)}, too"
        )
    if option is None:
        return Remedy(plain, f"Add .options({plain}) to the select that loads {loader.owner}")
    promise = promise_of(load_path, loaders_of(load_path), facts) if any(load_path.lazy) else NOTHING
    if any(load_path.lazy) and promise == NOTHING:
        return added_to_select(Loading(option, load_path, []), facts)._replace(avoided=(), sent=0)
    remedy = added_to_select(Loading(option, load_path, []), facts)
    avoided, sent = _columns_of(loader, load_path, promise, facts)
    return remedy._replace(avoided=avoided, sent=sent)


def _undefer(loader: Loader, names: Sequence[str], path: LoadPath) -> LoaderOption | None:
    steps = written_steps(path.steps, path.entity)
    if steps is None or path.entity is None:
        return None
    owner = path.steps[-1].target if path.steps else ("alias" if path.entity.aliased else path.entity.name)
    undefer = [OptionCall("undefer", owner, name) for name in names]
    return LoaderOption(path.entity, (*chain_of(loaders_of(path), steps), *undefer))


def _columns_of(loader: Loader, path: LoadPath, promise: Promise, facts: Facts) -> Promise:
    """Return the promise with the loads of the columns, which come with their objects then."""
    roots = {row.serial for row in roots_like(path.root, facts)}
    rows = [row for row in facts.statements if row.loader is loader and _root_serial(row, facts) in roots]
    return Promise((*promise.avoided, *rows), promise.sent)


def _root_serial(row: Statement, facts: Facts) -> int:
    root = facts.load_paths.of(row).root
    return root.serial if root is not None else 0


def of_subclass(loader: Loader, paths: Sequence[LoadPath], facts: Facts) -> Remedy | None:
    """Return the remedy for columns of a subclass; None if its base was not selected: then they have expired."""
    path = paths[0]
    entity = path.entity
    if path.root is None or entity is None or path.steps or entity.name not in loader.parents or entity.aliased:
        return None
    remedy = added_to_select(Loading(LoaderOption(entity, subclass=loader.owner), path, []), facts)
    if len(paths) > 1 or place_of(path.root) is None:
        return remedy._replace(avoided=(), sent=0, edit=None, option=None)
    roots = roots_like(path.root, facts)
    serials = {root.serial for root in roots}
    rows = [
        row
        for row in facts.statements
        if row.loader is not None
        and row.loader.kind == "subclass"
        and row.loader.owner == loader.owner
        and _root_serial(row, facts) in serials
    ]
    with_columns = {_root_serial(row, facts) for row in rows}
    return remedy._replace(avoided=tuple(rows) if with_columns == serials else (), sent=len(roots))
