"""A relationship that is loaded object by object: the option that loads it ahead, on the select of its objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from query_guard.detectors.remedies.options import (
    AHEAD,
    loaders_of,
    option_for,
    subclass_of,
    written_steps,
)
from query_guard.detectors.remedies.promise import NOTHING, Promise, promise_of
from query_guard.detectors.remedies.remedy import Remedy, at, listed, place_of
from query_guard.detectors.remedies.written import chosen_elsewhere, the_select
from query_guard.records import Entity, Facts, Frame, LoaderOption, LoadPath, PlacedOption, Statement, chain_of

_OPPOSING = frozenset(("lazyload", "noload", "raiseload", "immediateload", "joinedload", "subqueryload"))


class Loading(NamedTuple):
    """An option, and the load path that it loads ahead; the path's root is the select that gets the option."""

    option: LoaderOption
    path: LoadPath
    loaders: list[str]

    @property
    def code(self) -> str:
        return self.option.code

    @property
    def entity(self) -> Entity | None:
        return self.option.entity


def loading_of(path: LoadPath) -> Loading | None:
    """Return the option that loads a path ahead; None if no option can be written."""
    entity = path.entity
    names = written_steps(path.steps, entity)
    if names is None or (path.root is not None and entity is None) or path.cut:
        return None
    loaders = loaders_of(path)
    above = subclass_of(path.steps[0], entity) if path.steps else None
    subclass = above[1] if above is not None and not _loads_subclass(path.root, above) else ""
    return Loading(LoaderOption(entity, chain_of(loaders, names), subclass), path, loaders)


def _loads_subclass(root: Statement | None, subclass: tuple[str, str]) -> bool:
    return root is not None and any(
        option.function == "selectin_polymorphic" and subclass[1] in option.path for option in root.info.options
    )


def added_to_select(loading: Loading, facts: Facts, other_loads: Sequence[Statement] = ()) -> Remedy:
    """Return the remedy that adds an option to the select, the get or the query at the root of a path.

    `other_loads` are loads that it avoids besides those of the path.
    """
    root = loading.path.root
    code = loading.code
    if root is None or place_of(root) is None:
        first = loading.path.steps[0].owner if loading.path.steps else "them"
        return Remedy(code, f"Add .options({code}) to the select that loads {first}")
    promise = promised(loading, facts, other_loads)
    elsewhere, caller = chosen_elsewhere(root)
    if loading.path.how == "got":
        call = f"session.{root.site.call}()"
        if elsewhere:
            return Remedy(code, f"Add options=[{code}] to the {call} {elsewhere}", *promise)
        advice = f"Add options=[{code}] to the {call}{at(root)}"
        return Remedy(code, advice, *promise, edit=place_of(root), option=_placed(loading, root))
    if elsewhere:
        advice = f"Add .options({code}) to the select {elsewhere}"
        return Remedy(code, advice, *promise, option=_placed(loading, root, caller) if caller is not None else None)
    alias = ""
    if loading.entity is not None and loading.entity.aliased:
        alias = f", alias being the one it selects {loading.entity.name} by"
    advice = f"Add .options({code}) to the select{at(root)}{alias}"
    return Remedy(code, advice, *promise, edit=place_of(root), option=_placed(loading, root))


def _placed(loading: Loading, root: Statement, *callers: Frame) -> PlacedOption:
    return PlacedOption(loading.option, (*root.site.frames[:1], *callers))


def promised(loading: Loading, facts: Facts, other_loads: Sequence[Statement] = ()) -> Promise:
    """Return what an option saves; a subclass's columns take one more select for each execution."""
    promise = promise_of(loading.path, loading.loaders, facts, other_loads)
    if not loading.option.subclass:
        return promise
    return NOTHING if promise == NOTHING else Promise(promise.avoided, promise.sent + 1)


def opposing_option(path: LoadPath) -> tuple[Statement, str, str] | None:
    """Return the option that prevents a step of a path from being loaded ahead: its query, function and attribute."""
    names = tuple(step.name for step in path.steps)
    for index, lazy in enumerate(path.lazy):
        function = option_for(path.root, names[: index + 1], _OPPOSING) if lazy else ""
        if function and path.root is not None:
            return path.root, function, names[index]
    return None


def replacing(root: Statement, function: str, name: str) -> Remedy:
    """Return the remedy that replaces an opposing option."""
    if function in ("immediateload", "joinedload", "subqueryload"):
        return Remedy("", f"Write selectinload({name}) in the place of {function}({name}) in {the_select(root)}")
    return Remedy("", f"Remove {function}({name}) from {the_select(root)}, and load it there with selectinload()")


def is_loaded_ahead(path: LoadPath) -> bool:
    """Whether the query already has an option that loads the last step of a path ahead."""
    return bool(option_for(path.root, [step.name for step in path.steps], AHEAD))


def both_named(loadings: Sequence[Loading]) -> Remedy:
    """Return the remedy for objects from more than one select: a fix of only one select does not end the loop."""
    codes = list(dict.fromkeys(loading.code.replace("joinedload", "selectinload") for loading in loadings))
    codes = [loadings[0].code] if len({loading.code for loading in loadings}) == 1 else codes
    places = [the_select(loading.path.root) for loading in loadings if loading.path.root is not None]
    selects = listed(dict.fromkeys(places))
    return Remedy(codes[0] if len(codes) == 1 else "", f"Add .options({listed(codes, 'or')}) to {selects}")
