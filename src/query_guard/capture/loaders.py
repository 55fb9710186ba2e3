"""Which part of the ORM sent a statement. The one place that reads SQLAlchemy's private names.

They stand in the execution context for almost nothing, where the public `do_orm_execute` event would cost several
microseconds a statement. Anything that is missing in a future release degrades to "no loader known".
"""

from __future__ import annotations

from typing import Any

from query_guard.capture.recorder import SALT
from query_guard.records import Loader

_MAX_LOADERS = 2_000
_loaders: dict[tuple[Any, ...], Loader] = {}


def loader_of(context: Any) -> tuple[Loader | None, int | None]:
    """Return the loader behind an execution context, and the hash of the identity of the object it loaded for."""
    options = context.execution_options
    load_options = options.get("_sa_orm_load_options")
    if load_options is None:
        return None, None
    state = getattr(load_options, "_lazy_loaded_from", None)
    refreshed = getattr(load_options, "_refresh_state", None)
    path = getattr(getattr(context.invoked_statement, "_compile_options", None), "_current_path", None)
    steps = getattr(path, "path", ()) if path else ()
    if state is not None:
        kind = "immediate" if "sa_top_level_orm_context" in options else "lazy"
        return _loader(kind, steps), _identity(state)
    if refreshed is not None:
        return _column_loader(context, refreshed), _identity(refreshed)
    if len(steps) >= 2:
        return _loader("eager", steps), None
    return None, None


def _loader(kind: str, steps: tuple[Any, ...]) -> Loader | None:
    key = (kind, steps)
    return _loaders.get(key) or _remember(key, _describe(kind, steps))


def _remember(key: tuple[Any, ...], loader: Loader | None) -> Loader | None:
    if loader is not None:
        if len(_loaders) >= _MAX_LOADERS:
            _loaders.clear()
        _loaders[key] = loader
    return loader


def _describe(kind: str, steps: tuple[Any, ...]) -> Loader | None:
    """Write a mapper path (User, posts, Post, comments) as ("User.posts", "Post.comments")."""
    properties = [step for step in steps if hasattr(step, "uselist") and hasattr(step, "parent")]
    if not properties:
        return None
    last = properties[-1]
    named = tuple(f"{prop.parent.class_.__name__}.{prop.key}" for prop in properties)
    return Loader(kind, last.parent.class_.__name__, last.key, bool(last.uselist), named)


def _column_loader(context: Any, state: Any) -> Loader:
    """Tell a deferred column from attributes that a commit expired: the latter select the primary key with them."""
    mapper = state.manager.mapper
    key = ("refresh", mapper)
    known = _loaders.get(key)
    if known is not None:
        return known
    loader = Loader("refresh", mapper.class_.__name__, "", False, ())
    _remember(key, loader)
    return loader


def _identity(state: Any) -> int:
    key = getattr(state, "key", None)
    return hash((SALT, key if key is not None else id(state)))
