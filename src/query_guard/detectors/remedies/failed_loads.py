"""The remedy for a load that failed, by how its object was loaded."""

from __future__ import annotations

from query_guard.detectors.remedies.columns import deferred, of_subclass
from query_guard.detectors.remedies.loader_option import added_to_select, loading_of, opposing_option, replacing
from query_guard.detectors.remedies.read_again import after_flush, cause_of
from query_guard.detectors.remedies.remedy import Remedy, at
from query_guard.records import Facts, FailedLoad, Loader


def loaded_before(load: FailedLoad, loader: Loader, facts: Facts) -> Remedy:
    """Return the remedy that loads an attribute before it is read."""
    return _relationship(load, loader, facts) if loader.path else _column(load, loader, facts)


def _relationship(load: FailedLoad, loader: Loader, facts: Facts) -> Remedy:
    path = facts.load_paths.to(loader, load.loaded_by)
    otherwise = _otherwise(load, loader)
    if path.how in ("added", "refreshed", "merged", "expired"):
        code = f'{_refresh(load, facts)}({loader.parents[0].lower()}, ["{loader.attribute}"])'
        reasons = {
            "added": "The object was just added, and no select loaded it",
            "refreshed": f"The object was refreshed{at(path.root) if path.root is not None else ''}, without it",
            "merged": "The object was merged, without it",
        }.get(path.how, "The object had expired")
        return Remedy(code, f"{reasons}: {code}{otherwise}")
    path = path.on(loader.steps[-1:], lazy=True)
    opposing = opposing_option(path)
    if opposing is not None:
        remedy = replacing(*opposing)
        return remedy._replace(advice=f"{remedy.advice}{otherwise}")
    loading = loading_of(path)
    if loading is None:
        return Remedy("", f"Load {loader.relationship} ahead, with the select of its {loader.parents[0]}{otherwise}")
    remedy = added_to_select(loading, facts)
    return remedy._replace(advice=f"{remedy.advice}{otherwise}", avoided=(), sent=0)


def _otherwise(load: FailedLoad, loader: Loader) -> str:
    """Return the alternative to loading it ahead, as the end of a sentence."""
    if load.failure == "greenlet":
        return f", or await the object's awaitable_attrs.{loader.attribute}"
    return ", or read it before the session is closed" if load.failure == "detached" else ""


def _refresh(load: FailedLoad, facts: Facts) -> str:
    is_async = load.failure == "greenlet" or any(row.engine.is_async for row in facts.statements)
    return "await session.refresh" if is_async else "session.refresh"


def _column(load: FailedLoad, loader: Loader, facts: Facts) -> Remedy:
    path = facts.load_paths.to(loader, load.loaded_by)
    refresh = f"{_refresh(load, facts)}({loader.owner.lower()})"
    in_time = f"{refresh} before the session is closed" if load.failure == "detached" else refresh
    if loader.kind == "column":
        return deferred(loader, [path], facts)._replace(avoided=(), sent=0)
    if loader.kind in ("generated", "computed"):
        return Remedy(refresh, after_flush(loader, refresh))
    remedy = of_subclass(loader, [path], facts) if loader.kind == "subclass" else None
    if remedy is not None:
        return remedy._replace(avoided=(), sent=0)
    if cause_of(load.loaded_by, facts.duration, 0, facts) == "commit":
        return Remedy(
            "expire_on_commit=False",
            f"A commit expired the {loader.owner}: create the session with expire_on_commit=False, or {in_time}",
        )
    return Remedy(refresh, f"The {loader.owner} had expired (a rollback, expire() or refresh): {in_time}")
