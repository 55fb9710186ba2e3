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
from query_guard.detectors.remedies.written import caller_that_asks
from query_guard.records import Entity, Facts, Frame, LoaderOption, LoadPath, PlacedOption, Statement, chain_of

_AGAINST = frozenset(("lazyload", "noload", "raiseload", "immediateload", "joinedload", "subqueryload"))


class Loading(NamedTuple):
    """An option, the select that it goes to, and the way that it loads ahead."""

    option: LoaderOption
    way: LoadPath
    loaders: list[str]

    @property
    def code(self) -> str:
        return self.option.code

    @property
    def entity(self) -> Entity | None:
        return self.option.entity


def loading_of(way: LoadPath) -> Loading | None:
    """Return the option that loads a way ahead; None where none can be written."""
    entity = way.entity
    names = written_steps(way.steps, entity)
    if names is None or (way.root is not None and entity is None) or way.cut:
        return None
    loaders = loaders_of(way)
    above = subclass_of(way.steps[0], entity) if way.steps else None
    subclass = above[1] if above is not None and not _loads_subclass(way.root, above) else ""
    return Loading(LoaderOption(entity, chain_of(loaders, names), subclass), way, loaders)


def _loads_subclass(root: Statement | None, above: tuple[str, str]) -> bool:
    return root is not None and any(
        option.function == "selectin_polymorphic" and above[1] in option.path for option in root.info.options
    )


def added_to_select(loading: Loading, facts: Facts, also: Sequence[Statement] = ()) -> Remedy:
    """Return the remedy that adds an option to the select, the get or the query at the root of a way.

    `also` are loads that it mends besides those of the way.
    """
    root = loading.way.root
    code = loading.code
    if root is None or place_of(root) is None:
        first = loading.way.steps[0].owner if loading.way.steps else "them"
        return Remedy(code, f"Add .options({code}) to the select that loads {first}")
    promise = promised(loading, facts, also)
    if loading.way.how == "got":
        return Remedy(
            code, f"Add options=[{code}] to the session.{root.site.call}(){at(root)}", *promise, edit=place_of(root),
            option=_placed(loading, root),
        )  # fmt: skip
    caller = caller_that_asks(root)
    if caller is not None:
        return Remedy(
            code,
            f"Add .options({code}) to the select that {caller.file}:{caller.line} in {caller.function} asks for, by an "
            "argument that hands it on: the line that sends it serves more than one model",
            *promise,
            option=_placed(loading, root, caller),
        )
    alias = ""
    if loading.entity is not None and loading.entity.aliased:
        alias = f", alias being the one it selects {loading.entity.name} by"
    advice = f"Add .options({code}) to the select{at(root)}{alias}"
    return Remedy(code, advice, *promise, edit=place_of(root), option=_placed(loading, root))


def _placed(loading: Loading, root: Statement, *callers: Frame) -> PlacedOption:
    return PlacedOption(loading.option, (*root.site.frames[:1], *callers))


def promised(loading: Loading, facts: Facts, also: Sequence[Statement] = ()) -> Promise:
    """Return what an option wins; a subclass's columns come with a select of their own for each execution."""
    promise = promise_of(loading.way, loading.loaders, facts, also)
    if not loading.option.subclass:
        return promise
    return NOTHING if promise == NOTHING else Promise(promise.mended, promise.sent + 1)


def standing_against(way: LoadPath) -> tuple[Statement, str, str] | None:
    """Return the option that keeps a step of a way from being loaded ahead: its query, function and attribute."""
    names = tuple(step.name for step in way.steps)
    for place, lazy in enumerate(way.lazy):
        function = option_for(way.root, names[: place + 1], _AGAINST) if lazy else ""
        if function and way.root is not None:
            return way.root, function, names[place]
    return None


def replacing(root: Statement, function: str, name: str) -> Remedy:
    """Return the remedy that puts a loader in the place of the option that stands against it."""
    if function in ("immediateload", "joinedload", "subqueryload"):
        return Remedy("", f"Write selectinload({name}) in the place of {function}({name}) in the select{at(root)}")
    return Remedy("", f"Remove {function}({name}) from the select{at(root)}, and load it there with selectinload()")


def is_loaded_ahead(way: LoadPath) -> bool:
    """Whether the query has an option that loads the last step of a way ahead already."""
    return bool(option_for(way.root, [step.name for step in way.steps], AHEAD))


def both_named(loadings: Sequence[Loading]) -> Remedy:
    """Return the remedy for objects that came from more than one select: none of them alone ends the loop."""
    codes = list(dict.fromkeys(loading.code.replace("joinedload", "selectinload") for loading in loadings))
    codes = [loadings[0].code] if len({loading.code for loading in loadings}) == 1 else codes
    places = [f"the select{at(loading.way.root)}" for loading in loadings if loading.way.root is not None]
    where = listed(dict.fromkeys(places))
    return Remedy(codes[0] if len(codes) == 1 else "", f"Add .options({listed(codes, 'or')}) to {where}")
