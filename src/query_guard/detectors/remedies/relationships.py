"""A relationship that is loaded object by object, by how its objects came."""

from __future__ import annotations

from collections.abc import Sequence

from query_guard.detectors.remedies.batched import all_by_key, batched_select
from query_guard.detectors.remedies.loader_option import (
    Loading,
    added_to_select,
    both_named,
    is_loaded_ahead,
    loading_of,
    replacing,
    standing_against,
)
from query_guard.detectors.remedies.read_again import cause_of, expired, select_after
from query_guard.detectors.remedies.remedy import Remedy, at, place_of
from query_guard.detectors.remedies.source import turns_of_others, walked_through
from query_guard.detectors.remedies.tree import walked_tree
from query_guard.records import Facts, Loader, LoadPath, Statement


def loaded_one_by_one(rows: Sequence[Statement], loader: Loader, facts: Facts) -> Remedy:
    """Return the remedy for a relationship that `rows` loaded for one object each."""
    ways = _ways(rows, facts)
    way = ways[0]
    against = next((found for one in ways if (found := standing_against(one)) is not None), None)
    tree = walked_tree(ways, facts) if against is None else None
    if tree is not None:
        return tree
    if rows[0].site.call == "refresh":
        return asked_for(rows, loader, way, facts)
    if way.how == "refreshed":
        return _after_refresh(rows, loader, way)
    if way.how == "expired":
        return _after_expiry(rows, loader, way, facts)
    if way.how == "added":
        return _of_new_objects(rows, loader)
    if against is not None:
        return replacing(*against)
    apart = _one_for_each_place(ways)
    walked = walked_through(apart, rows[0].serial, facts)
    loadings = [loading for one in walked if (loading := loading_of(one)) is not None]
    if not loadings:
        parent = loader.parents[0]
        return Remedy(
            "", f"Load {loader.relationship} ahead, with selectinload() on the select that loads its {parent}"
        )
    if len(loadings) > 1:
        return both_named(loadings)
    if len(walked) < len(apart):
        also = turns_of_others(walked[0], rows)
        remedy = added_to_select(loadings[0], facts, also or ())
        return remedy if also is not None else remedy._replace(mended=(), sent=0)
    remedy = added_to_select(loadings[0], facts)
    return remedy if remedy.saved or not _root_is_loop(ways) else _with_parents(rows, loadings[0], facts)


def _ways(rows: Sequence[Statement], facts: Facts) -> list[LoadPath]:
    """Return the ways to what was loaded, each once: those to the objects, and the last step."""
    first = {(id(row.loader), row.loaded_by): row for row in rows}
    ways: list[LoadPath] = []
    for row in first.values():
        way = facts.load_paths.of(row)
        if row.loader is not None:
            way = way.on(row.loader.steps[-1:], lazy=True)
        ways.append(way)
    return ways


def _one_for_each_place(ways: Sequence[LoadPath]) -> list[LoadPath]:
    """Return a way for each select that is to be edited, and for each option that would go there."""
    return list({(place_of(way.root) or way.root, way.entity, way.steps, way.lazy): way for way in ways}.values())


def _root_is_loop(ways: Sequence[LoadPath]) -> bool:
    return len({way.root.serial for way in ways if way.root is not None}) > 1


def _with_parents(rows: Sequence[Statement], loading: Loading, facts: Facts) -> Remedy:
    """Mend the loop of the parents, which are selected one by one, together with the one below it."""
    root = loading.way.root
    roots = {way.root.serial: way.root for row in rows if (way := facts.load_paths.of(row)).root is not None}
    parents = [one for one in roots.values() if one is not None]
    batched = batched_select(parents, facts) if root is not None else Remedy("", "")
    if not batched.code or len(loading.way.steps) > 1:
        together = f"select them at once, with .options({loading.code})"
        return Remedy("", f"Its objects are themselves selected one by one{at(parents[0])}: {together}")
    code = f"{batched.code}.options({loading.code})"
    return Remedy(
        code,
        f"Its objects are themselves selected one by one{at(parents[0])}: select them at once before the loop: {code}",
        (*parents, *rows),
        1 + (loading.loaders[-1] != "joinedload"),
    )


def at_root(way: LoadPath) -> str:
    return at(way.root) if way.root is not None else ""


def asked_for(rows: Sequence[Statement], loader: Loader, way: LoadPath, facts: Facts) -> Remedy:
    """Return the remedy where the relationship was asked for by name: `session.refresh(user, ["orders"])`."""
    if way.how == "refreshed" and way.root is not None:
        way = facts.load_paths.of(way.root).on(loader.steps[-1:], lazy=True)
    loading = loading_of(way) if way.how == "selected" else None
    gone = f"take the session.refresh(){at(rows[0])} away"
    if loading is not None and is_loaded_ahead(way):
        return Remedy("", f"{loader.relationship} is loaded ahead already: {gone}")
    if loading is not None:
        return Remedy(loading.code, f"Add .options({loading.code}) to the select{at_root(way)} and {gone}")
    code = all_by_key(loader, f"selectinload({loader.parents[0]}.{loader.attribute})")
    return Remedy(code, f"Load them all with one select before the loop, and {gone}: {code}")


def _after_refresh(rows: Sequence[Statement], loader: Loader, way: LoadPath) -> Remedy:
    """The objects were refreshed: no select of the application's is there to take an option."""
    option = f"selectinload({loader.parents[0]}.{loader.attribute})"
    code = all_by_key(loader, option, ".execution_options(populate_existing=True)")
    return Remedy(
        code,
        f"Each was refreshed{at_root(way)} before: name the relationship there, "
        f'session.refresh(obj, ["{loader.attribute}"]), or load them all with one select instead: {code}',
    )


def _after_expiry(rows: Sequence[Statement], loader: Loader, way: LoadPath, facts: Facts) -> Remedy:
    """The objects had expired, and so had what was loaded of them."""
    root = way.root
    if root is None or root.loader is None:
        return Remedy("", "Load it with one select after the objects have expired")
    cause = cause_of(root.loaded_by, root.start, root.transaction, facts)
    if cause == "commit":
        return expired([root], root.loader, facts)._replace(mended=())
    return select_after(root.loader, cause, all_by_key(loader, f"selectinload({loader.parents[0]}.{loader.attribute})"))


def _of_new_objects(rows: Sequence[Statement], loader: Loader) -> Remedy:
    """The objects were added in this session, and never loaded."""
    code = all_by_key(loader, f"selectinload({loader.parents[0]}.{loader.attribute})")
    remedy = Remedy(
        code, f"The objects were just added, and no select loaded them: load it for all of them with one select: {code}"
    )
    return remedy._replace(mended=tuple(rows), sent=2) if code else remedy
