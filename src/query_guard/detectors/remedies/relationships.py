"""A relationship that is loaded object by object, by how its objects were loaded."""

from __future__ import annotations

from collections.abc import Sequence

from query_guard.detectors.remedies.batched import all_by_key, batched_select
from query_guard.detectors.remedies.loader_option import (
    Loading,
    added_to_select,
    both_named,
    is_loaded_ahead,
    loading_of,
    opposing_option,
    replacing,
)
from query_guard.detectors.remedies.read_again import cause_of, expired, select_after
from query_guard.detectors.remedies.remedy import Remedy, at, place_of
from query_guard.detectors.remedies.source import turns_of_others, walked_through
from query_guard.detectors.remedies.tree import walked_tree
from query_guard.records import Facts, Loader, LoadPath, Statement


def loaded_one_by_one(rows: Sequence[Statement], loader: Loader, facts: Facts) -> Remedy:
    """Return the remedy for a relationship that `rows` loaded for one object each."""
    paths = _load_paths(rows, facts)
    first_path = paths[0]
    opposing = next((found for path in paths if (found := opposing_option(path)) is not None), None)
    tree = walked_tree(paths, facts) if opposing is None else None
    if tree is not None:
        return tree
    if rows[0].site.call == "refresh":
        return named_in_refresh(rows, loader, first_path, facts)
    if first_path.how == "refreshed":
        return _after_refresh(rows, loader, first_path)
    if first_path.how == "expired":
        return _after_expiry(rows, loader, first_path, facts)
    if first_path.how == "added":
        return _of_new_objects(rows, loader)
    if opposing is not None:
        return replacing(*opposing)
    paths_by_place = _one_for_each_place(paths)
    walked = walked_through(paths_by_place, rows[0].serial, facts)
    loadings = [loading for path in walked if (loading := loading_of(path)) is not None]
    if not loadings:
        parent = loader.parents[0]
        return Remedy(
            "", f"Load {loader.relationship} ahead, with selectinload() on the select that loads its {parent}"
        )
    if len(loadings) > 1:
        return both_named(loadings)
    if len(walked) < len(paths_by_place):
        other_loads = turns_of_others(walked[0], rows)
        remedy = added_to_select(loadings[0], facts, other_loads or ())
        return remedy if other_loads is not None else remedy._replace(avoided=(), sent=0)
    remedy = added_to_select(loadings[0], facts)
    return remedy if remedy.saved or not _root_is_loop(paths) else _with_parents(rows, loadings[0], facts)


def _load_paths(rows: Sequence[Statement], facts: Facts) -> list[LoadPath]:
    """Return the load paths of what was loaded, each once: the path of an object and the relationship at its end."""
    first = {(id(row.loader), row.loaded_by): row for row in rows}
    paths: list[LoadPath] = []
    for row in first.values():
        path = facts.load_paths.of(row)
        if row.loader is not None:
            path = path.on(row.loader.steps[-1:], lazy=True)
        paths.append(path)
    return paths


def _one_for_each_place(paths: Sequence[LoadPath]) -> list[LoadPath]:
    """Return one path for each select to edit and each option that it would get."""
    return list(
        {(place_of(path.root) or path.root, path.entity, path.steps, path.lazy): path for path in paths}.values()
    )


def _root_is_loop(paths: Sequence[LoadPath]) -> bool:
    return len({path.root.serial for path in paths if path.root is not None}) > 1


def _with_parents(rows: Sequence[Statement], loading: Loading, facts: Facts) -> Remedy:
    """Return one remedy for the loop that selects the parents one by one and the loop below it."""
    root = loading.path.root
    roots = {path.root.serial: path.root for row in rows if (path := facts.load_paths.of(row)).root is not None}
    parents = [root_row for root_row in roots.values() if root_row is not None]
    batched = batched_select(parents, facts) if root is not None else Remedy("", "")
    if not batched.code or len(loading.path.steps) > 1:
        together = f"select them at once, with .options({loading.code})"
        return Remedy("", f"Its objects are themselves selected one by one{at(parents[0])}: {together}")
    code = f"{batched.code}.options({loading.code})"
    return Remedy(
        code,
        f"Its objects are themselves selected one by one{at(parents[0])}: select them at once before the loop: {code}",
        (*parents, *rows),
        1 + (loading.loaders[-1] != "joinedload"),
    )


def at_root(path: LoadPath) -> str:
    return at(path.root) if path.root is not None else ""


def named_in_refresh(rows: Sequence[Statement], loader: Loader, path: LoadPath, facts: Facts) -> Remedy:
    """Return the remedy for a refresh that names the relationship: `session.refresh(user, ["orders"])`."""
    if path.how == "refreshed" and path.root is not None:
        path = facts.load_paths.of(path.root).on(loader.steps[-1:], lazy=True)
    loading = loading_of(path) if path.how == "selected" else None
    removal = f"take the session.refresh(){at(rows[0])} away"
    if loading is not None and is_loaded_ahead(path):
        return Remedy("", f"{loader.relationship} is loaded ahead already: {removal}")
    if loading is not None:
        return Remedy(loading.code, f"Add .options({loading.code}) to the select{at_root(path)} and {removal}")
    code = all_by_key(loader, f"selectinload({loader.parents[0]}.{loader.attribute})")
    return Remedy(code, f"Load them all with one select before the loop, and {removal}: {code}")


def _after_refresh(rows: Sequence[Statement], loader: Loader, path: LoadPath) -> Remedy:
    """Return the remedy for objects that were refreshed: the application has no select to add an option to."""
    option = f"selectinload({loader.parents[0]}.{loader.attribute})"
    code = all_by_key(loader, option, ".execution_options(populate_existing=True)")
    return Remedy(
        code,
        f"Each was refreshed{at_root(path)} before: name the relationship there, "
        f'session.refresh(obj, ["{loader.attribute}"]), or load them all with one select instead: {code}',
    )


def _after_expiry(rows: Sequence[Statement], loader: Loader, path: LoadPath, facts: Facts) -> Remedy:
    """Return the remedy for objects that had expired, with their relationships."""
    root = path.root
    if root is None or root.loader is None:
        return Remedy("", "Load it with one select after the objects have expired")
    cause = cause_of(root.loaded_by, root.start, root.transaction, facts)
    if cause == "commit":
        return expired([root], root.loader, facts)._replace(avoided=())
    return select_after(root.loader, cause, all_by_key(loader, f"selectinload({loader.parents[0]}.{loader.attribute})"))


def _of_new_objects(rows: Sequence[Statement], loader: Loader) -> Remedy:
    """Return the remedy for objects that were added in this session, and never loaded."""
    code = all_by_key(loader, f"selectinload({loader.parents[0]}.{loader.attribute})")
    remedy = Remedy(
        code, f"The objects were just added, and no select loaded them: load it for all of them with one select: {code}"
    )
    return remedy._replace(avoided=tuple(rows), sent=2) if code else remedy
