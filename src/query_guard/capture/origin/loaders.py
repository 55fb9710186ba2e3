"""Which part of the ORM sent a statement. The one place that reads SQLAlchemy's private names.

They stand in the execution context for almost nothing, where the public `do_orm_execute` event would cost several
microseconds a statement. Anything that is missing in a future release degrades to "no loader known".
"""

from __future__ import annotations

from collections.abc import Iterable
from types import FrameType
from typing import Any

from sqlalchemy.orm import mapperlib

from query_guard.capture.origin.values import SALT
from query_guard.records import Loader

_MAX_LOADERS = 2_000
_loaders: dict[tuple[Any, ...], Loader] = {}


_NO_LOADER = (None, None)


def loader_of(context: Any, options: Any) -> tuple[Loader | None, int | None]:
    """Return the loader behind an execution context, and the hash of the identity of the object it loaded for."""
    load_options = options.get("_sa_orm_load_options")
    if load_options is None:
        return _NO_LOADER
    try:  # the application's own selects and eager loads are told from the rest by plain reads
        if load_options._lazy_loaded_from is None and load_options._refresh_state is None:
            steps = context.invoked_statement._compile_options._current_path.path
            return _NO_LOADER if len(steps) < 2 else (_relationship("eager", steps, None), None)
    except AttributeError:
        pass
    return _object_loader(context, options, load_options)


def _object_loader(context: Any, options: Any, load_options: Any) -> tuple[Loader | None, int | None]:
    """Return what was loaded for one object; names that are missing in this release of SQLAlchemy are no loader."""
    compile_options = getattr(context.invoked_statement, "_compile_options", None)
    state = getattr(load_options, "_lazy_loaded_from", None)
    if state is not None:
        kind = "immediate" if "sa_top_level_orm_context" in options else "lazy"
        path = getattr(getattr(compile_options, "_current_path", None), "path", ())
        return _relationship(kind, path, state.manager.mapper), _identity(state)
    state = getattr(load_options, "_refresh_state", None)
    if state is not None:
        asked = getattr(load_options, "_is_user_refresh", False)
        return _columns(state, asked, getattr(compile_options, "_only_load_props", None)), _identity(state)
    return _NO_LOADER


def _relationship(kind: str, steps: tuple[Any, ...], mapper: Any) -> Loader | None:
    """Write a path of mappers and properties, User, posts, Post, comments, as ("User.posts", "Post.comments")."""
    if len(steps) < 2:
        return None
    key = (kind, steps, mapper)
    return _loaders.get(key) or _remember(key, _described(*key))


def _described(kind: str, steps: tuple[Any, ...], mapper: Any) -> Loader:
    properties = [step for step in steps if hasattr(step, "uselist")]
    last = properties[-1]
    parents = (mapper or last.parent).iterate_to_root()
    return Loader(
        kind,
        last.parent.class_.__name__,
        last.key,
        bool(last.uselist),
        tuple(f"{prop.parent.class_.__name__}.{prop.key}" for prop in properties),
        tuple(parent.class_.__name__ for parent in parents),
        last.mapper.class_.__name__,
    )


def _columns(state: Any, asked: bool, names: Any) -> Loader:
    """Tell a refresh that was asked for, attributes that a commit expired, and a deferred column."""
    mapper = state.manager.mapper
    if asked:
        kind, attribute = "refresh", ""
    elif state.expired or not names or not state.expired_attributes.isdisjoint(names):
        kind, attribute = "expired", ""
    else:
        kind, attribute = "column", ", ".join(sorted(names))
    key = (kind, mapper, attribute)
    return _loaders.get(key) or _remember(key, Loader(kind, mapper.class_.__name__, attribute, False, ()))


def lazy_load_above(frame: FrameType | None) -> Loader | None:
    """Return the lazy load that frames are in the middle of; only for failures, since it reads their locals."""
    while frame is not None:
        name = frame.f_code.co_name
        if name == "_load_for_state" and "passive" in frame.f_locals:
            strategy, state = frame.f_locals["self"], frame.f_locals["state"]
            prop = getattr(strategy, "parent_property", None)
            mapper = state.manager.mapper
            if hasattr(prop, "uselist"):
                return _described("lazy", (mapper, prop), mapper)
            return Loader("column", mapper.class_.__name__, str(getattr(prop, "key", "")), False, ())
        if name == "_load_expired":
            return Loader("expired", frame.f_locals["self"].manager.mapper.class_.__name__, "", False, ())
        frame = frame.f_back
    return None


def joined_relationships(compiled: Any, *, collections: bool) -> tuple[tuple[str, ...], ...]:
    """Return the paths of the collections, or single objects, that a select loads by joining them.

    A path leads from the root: (("User.posts",), ...).
    """
    attributes = getattr(getattr(compiled, "compile_state", None), "attributes", None) or {}
    joined = [key[1] for key in attributes if isinstance(key, tuple) and key[0] == "eager_row_processor"]
    paths = [[step for step in steps if hasattr(step, "uselist")] for steps in joined]
    return tuple(
        tuple(f"{prop.parent.class_.__name__}.{prop.key}" for prop in path)
        for path in paths
        if path and bool(path[-1].uselist) is collections
    )


def mappers() -> list[Any]:
    """Return every mapper of the process that is ready for use; asks for no configuration."""
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
