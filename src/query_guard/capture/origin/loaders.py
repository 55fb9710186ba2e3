"""The loader of a statement: which part of the ORM sent it, read by SQLAlchemy's private names.

They are in the execution context already. The public event `do_orm_execute` would take several microseconds for each
statement. If a name is missing in a future release, no loader is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from sqlalchemy import Column

from query_guard.capture.origin.mappers import key_attributes, lineage
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
        return _relationship(kind, path, state.manager.mapper), _identity(state), load_number(state)
    state = getattr(load_options, "_refresh_state", None)
    if state is not None:
        is_refresh = getattr(load_options, "_is_user_refresh", False)
        names = getattr(compile_options, "_only_load_props", None)
        return columns_loader(state, is_refresh, names), _identity(state), load_number(state)
    return _NO_LOADER


def load_number(state: Any) -> int | None:
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
    return _loaders.get(key) or _remember(key, described_path(*key))


def described_path(kind: str, steps: tuple[Any, ...], mapper: Any) -> Loader:
    path = _steps(steps)
    last = path[-1]
    parent = mapper or _relationships(steps)[-1].parent
    return Loader(
        kind,
        last.owner,
        last.attribute,
        last.collection,
        tuple(step.name for step in path),
        lineage(parent),
        last.target,
        path,
        key_attributes(parent),
    )


def _relationships(path: tuple[Any, ...]) -> list[Any]:
    return [step for step in path if hasattr(step, "uselist")]


def _steps(path: tuple[Any, ...]) -> tuple[Step, ...]:
    return tuple(
        Step(
            prop.parent.class_.__name__,
            prop.key,
            bool(prop.uselist),
            prop.mapper.class_.__name__,
            lineage(prop.parent),
            lineage(prop.mapper),
        )
        for prop in _relationships(path)
    )


def columns_loader(state: Any, is_refresh: bool, names: Any) -> Loader:
    """Return the loader of columns: a refresh, or the reason why an attribute was loaded by itself."""
    mapper = state.manager.mapper
    attributes = frozenset(names or ())
    are_expired = not state.expired_attributes.isdisjoint(attributes)
    path = getattr(getattr(state, "load_path", None), "path", ())
    key = (is_refresh, state.expired, are_expired, attributes, path, mapper)
    return _loaders.get(key) or _remember(key, _described_columns(*key))


def _described_columns(
    is_refresh: bool, expired: bool, are_expired: bool, names: frozenset[str], path: tuple[Any, ...], mapper: Any
) -> Loader:
    kind, parents = "column", lineage(mapper)
    classes_without = tuple(
        base.class_.__name__ for base in mapper.iterate_to_root() if names.isdisjoint(base.attrs.keys())
    )  # fmt: skip
    if is_refresh:
        kind = "refresh"
    elif expired or not names:
        kind = "expired"
    elif are_expired and classes_without:
        kind, parents = "subclass", classes_without
    elif are_expired:
        kind = _kind_of_expired([getattr(mapper.attrs.get(name), "columns", ()) for name in names])
    attribute = ", ".join(sorted(names)) if kind != "expired" else ""
    return Loader(
        kind, mapper.class_.__name__, attribute, False, (), parents, "", _steps(path), key_attributes(mapper)
    )  # fmt: skip


def _kind_of_expired(attributes: Sequence[Sequence[Any]]) -> str:
    """Say why attributes with these columns must be loaded: a flush does not know what the database makes."""
    if all(any(map(_is_made_by_database, columns)) for columns in attributes):
        return "generated"
    are_unknown = (columns and all(map(_is_made_or_computed, columns)) for columns in attributes)
    return "computed" if all(are_unknown) else "expired"


def _is_made_or_computed(column: Any) -> bool:
    return not isinstance(column, Column) or _is_made_by_database(column)


def _is_made_by_database(column: Any) -> bool:
    """Whether a column has a default of the server, or one in SQL. An expression, as of `column_property`, has none."""
    return isinstance(column, Column) and (
        column.server_default is not None
        or column.server_onupdate is not None
        or any(getattr(default, "is_clause_element", False) for default in (column.onupdate, column.default))
    )


def _remember(key: tuple[Any, ...], loader: Loader) -> Loader:
    if len(_loaders) >= _MAX_LOADERS:
        _loaders.clear()
    _loaders[key] = loader
    return loader


def _identity(state: Any) -> int:
    key = getattr(state, "key", None)
    return hash((SALT, key if key is not None else id(state)))
