"""The loader of a statement: which part of the ORM sent it, read by SQLAlchemy's private names.

They are in the execution context already. The public event `do_orm_execute` would take several microseconds for each
statement. If a name is missing in a future release, no loader is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import FrameType
from typing import Any, TypeAlias

from sqlalchemy.orm import mapperlib

from query_guard.records import Loader, Step
from query_guard.records.salt import SALT

_MAX_LOADERS = 2_000
_loaders: dict[tuple[Any, ...], Loader] = {}


_NO_LOADER = (None, None, None)
_Loaded: TypeAlias = "tuple[Loader | None, int | None, int | None]"
"""A loader, the hash of the identity of the object it loaded for, and the number of the load that loaded the object."""
ADDED = 0
"""The number for an object that was added, not loaded."""


def loader_of(context: Any, options: Any) -> _Loaded:
    """Return the loader of an execution context, and the object it loaded for."""
    load_options = options.get("_sa_orm_load_options")
    if load_options is None:
        return _NO_LOADER
    try:  # plain attribute reads tell the application's own selects and eager loads
        if load_options._lazy_loaded_from is None and load_options._refresh_state is None:
            steps = context.invoked_statement._compile_options._current_path.path
            return _NO_LOADER if len(steps) < 2 else (_relationship("eager", steps, None), None, None)
    except AttributeError:
        pass
    return _object_loader(context, options, load_options)


def _object_loader(context: Any, options: Any, load_options: Any) -> _Loaded:
    """Return the loader of a load for one object; none if this release of SQLAlchemy lacks the names."""
    compile_options = getattr(context.invoked_statement, "_compile_options", None)
    state = getattr(load_options, "_lazy_loaded_from", None)
    if state is not None:
        kind = "immediate" if "sa_top_level_orm_context" in options else "lazy"
        path = getattr(getattr(compile_options, "_current_path", None), "path", ())
        return _relationship(kind, path, state.manager.mapper), _identity(state), _number(state)
    state = getattr(load_options, "_refresh_state", None)
    if state is not None:
        is_refresh = getattr(load_options, "_is_user_refresh", False)
        names = getattr(compile_options, "_only_load_props", None)
        return _columns(state, is_refresh, names), _identity(state), _number(state)
    return _NO_LOADER


def _number(state: Any) -> int | None:
    """Return the number of the load that loaded an object; ADDED if none did, None if it is not known."""
    try:
        number: int | None = state.runid
    except AttributeError:
        return None
    return number if number is not None else ADDED


def _relationship(kind: str, steps: tuple[Any, ...], mapper: Any) -> Loader | None:
    """Return the loader of a path of mappers and properties: User, posts, Post, comments."""
    if len(steps) < 2:
        return None
    key = (kind, steps, mapper)
    return _loaders.get(key) or _remember(key, _described(*key))


def _described(kind: str, steps: tuple[Any, ...], mapper: Any) -> Loader:
    described = _steps(steps)
    last = described[-1]
    parent = mapper or _relationships(steps)[-1].parent
    return Loader(
        kind,
        last.owner,
        last.attribute,
        last.collection,
        tuple(step.name for step in described),
        _lineage(parent),
        last.target,
        described,
        key_attributes(parent),
    )


def _relationships(path: tuple[Any, ...]) -> list[Any]:
    return [part for part in path if hasattr(part, "uselist")]


def _steps(path: tuple[Any, ...]) -> tuple[Step, ...]:
    return tuple(
        Step(
            prop.parent.class_.__name__,
            prop.key,
            bool(prop.uselist),
            prop.mapper.class_.__name__,
            _lineage(prop.parent),
            _lineage(prop.mapper),
        )
        for prop in _relationships(path)
    )


def _lineage(mapper: Any) -> tuple[str, ...]:
    return tuple(base.class_.__name__ for base in mapper.iterate_to_root())


def key_attributes(mapper: Any) -> tuple[str, ...]:
    """Return the attributes of a mapper's primary key."""
    return tuple(mapper.get_property_by_column(column).key for column in mapper.primary_key)


def _columns(state: Any, is_refresh: bool, names: Any) -> Loader:
    """Return the loader of columns: a refresh, or the reason why an attribute was loaded by itself."""
    mapper = state.manager.mapper
    wanted = frozenset(names or ())
    missing = not state.expired_attributes.isdisjoint(wanted)
    path = getattr(getattr(state, "load_path", None), "path", ())
    key = (is_refresh, state.expired, missing, wanted, path, mapper)
    return _loaders.get(key) or _remember(key, _described_columns(*key))


def _described_columns(
    is_refresh: bool, expired: bool, missing: bool, names: frozenset[str], path: tuple[Any, ...], mapper: Any
) -> Loader:
    kind, parents = "column", _lineage(mapper)
    lacking = tuple(
        base.class_.__name__ for base in mapper.iterate_to_root() if names.isdisjoint(base.attrs.keys())
    )  # fmt: skip
    if is_refresh:
        kind = "refresh"
    elif expired or not names:
        kind = "expired"
    elif missing and lacking:
        kind, parents = "subclass", lacking
    elif missing:
        kind = "generated" if all(_is_generated(mapper, name) for name in names) else "expired"
    attribute = ", ".join(sorted(names)) if kind != "expired" else ""
    return Loader(
        kind, mapper.class_.__name__, attribute, False, (), parents, "", _steps(path), key_attributes(mapper)
    )  # fmt: skip


def _is_generated(mapper: Any, name: str) -> bool:
    """Whether the database makes the value of an attribute, so that it must be loaded after a flush."""
    prop = mapper.attrs.get(name)
    return any(
        made is not None and getattr(made, "is_clause_element", True)
        for column in getattr(prop, "columns", ())
        for made in (column.server_default, column.server_onupdate, column.onupdate, column.default)
    )


def lazy_load_above(frame: FrameType | None) -> tuple[Loader | None, int | None]:
    """Return the lazy load that is running in these frames, and the number of the load that loaded its object.

    It reads the local variables of frames, which is slow: for failures only.
    """
    while frame is not None:
        name = frame.f_code.co_name
        if name == "_load_for_state" and "passive" in frame.f_locals:
            strategy, state = frame.f_locals["self"], frame.f_locals["state"]
            prop = getattr(strategy, "parent_property", None)
            if hasattr(prop, "uselist"):
                mapper = state.manager.mapper
                path = getattr(getattr(state, "load_path", None), "path", None) or (mapper,)
                return _described("lazy", (*path, prop), mapper), _number(state)
            return _columns(state, False, [getattr(prop, "key", "")]), _number(state)
        if name == "_load_expired":
            state = frame.f_locals["self"]
            return _columns(state, False, state.expired_attributes), _number(state)
        frame = frame.f_back
    return None, None


JOINED, CONTAINED = "eager_row_processor", "user_defined_eager_row_processor"
"""What joinedload() and contains_eager() leave on a compiled select."""


def joined_relationships(compiled: Any, *, collections: bool, by: str = JOINED) -> tuple[tuple[str, ...], ...]:
    """Return the paths of the collections, or single objects, that a select loads by joining them.

    A path leads from the root: (("User.posts",), ...).
    """
    attributes = getattr(getattr(compiled, "compile_state", None), "attributes", None) or {}
    joined = [key[1] for key in attributes if isinstance(key, tuple) and key[0] == by]
    paths = [[step for step in steps if hasattr(step, "uselist")] for steps in joined]
    return tuple(
        tuple(f"{prop.parent.class_.__name__}.{prop.key}" for prop in path)
        for path in paths
        if path and bool(path[-1].uselist) is collections
    )


def mappers() -> list[Any]:
    """Return each configured mapper of the process. It does not configure any."""
    registries: Iterable[Any] = getattr(mapperlib, "_all_registries", tuple)()
    return [mapper for registry in registries for mapper in registry.mappers if mapper.configured]


def _remember(key: tuple[Any, ...], loader: Loader) -> Loader:
    if len(_loaders) >= _MAX_LOADERS:
        _loaders.clear()
    _loaders[key] = loader
    return loader


def _identity(state: Any) -> int:
    key = getattr(state, "key", None)
    return hash((SALT, key if key is not None else id(state)))
