"""The full template of the route that answered a request: router prefixes and mounts included."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from query_guard.capture.origin.frames import code_start
from query_guard.judge.budgets import declared_budget
from query_guard.own_errors import report_own_error
from query_guard.records import Frame
from query_guard.web.asgi import Scope
from query_guard.web.dependencies import shared_dependencies

_MAX_SERVED = 1_000
_templates: WeakKeyDictionary[Any, dict[int, list[str]]] = WeakKeyDictionary()


class Served(NamedTuple):
    """What answers a request.

    `template` is that of its route, None when no route matched. `endpoint` is where the code of the endpoint begins,
    `budget` the most statements that it declares.
    """

    template: str | None
    endpoint: Frame | None
    budget: int | None
    shared: tuple[tuple[Frame, int], ...]
    """The dependencies that share their code, each with how many there are."""


class ServedRoutes:
    """The routes of one application, each read once."""

    def __init__(self) -> None:
        self._served: dict[int, tuple[Any, Any, Served]] = {}
        """Routes that have one template only, by their identity, since routes cannot be hashed."""

    def served(self, scope: Scope, app: Any, outer_root: str) -> Served:
        """Return what answers: `app` is the outermost application, `outer_root` the root_path the server had set."""
        route, inner = scope.get("route"), scope.get("app")
        if route is None and "path_template" in scope:
            return _served_by_litestar(scope)
        is_mounted = len(scope.get("root_path", "")) > len(outer_root)
        known_route = self._served.get(id(route))
        if known_route is not None and known_route[0] is route and known_route[1] is inner and not is_mounted:
            return known_route[2]
        endpoint = scope.get("endpoint")
        code = code_start(endpoint) if endpoint is not None else None
        served = Served(_full_template(scope, app, outer_root, route), code, declared_budget(endpoint), _shared(route))
        if not is_mounted and served.template is not None and len(_templates_of(inner, route)) <= 1:
            if len(self._served) >= _MAX_SERVED:
                self._served.clear()
            self._served[id(route)] = (route, inner, served)
        return served


def _served_by_litestar(scope: Scope) -> Served:
    """Litestar says the template itself, and which handler answers."""
    endpoint = getattr(scope.get("route_handler"), "fn", None)
    endpoint = getattr(endpoint, "value", endpoint)
    code = code_start(endpoint) if endpoint is not None else None
    return Served(scope["path_template"] or None, code, declared_budget(endpoint), ())


def _shared(route: Any) -> tuple[tuple[Frame, int], ...]:
    try:
        return shared_dependencies(route)
    except Exception:
        report_own_error("the dependencies of a route could not be read")
        return ()


def _full_template(scope: Scope, app: Any, outer_root: str, route: Any) -> str | None:
    mounts = _mounts_template(app, str(scope.get("root_path", ""))[len(outer_root) :])
    if not hasattr(route, "endpoint"):
        # a mount answers by itself where its application has no routes, such as StaticFiles
        return mounts if mounts and not hasattr(scope.get("endpoint"), "routes") else None
    template = _own_template(scope, route)
    return None if template is None else mounts + template


def _mounts_template(app: Any, mounted: str) -> str:
    """Return the templates of the mounts that lead to a path, joined; where none leads there, the path is masked."""
    if not mounted:
        return ""
    for path, route in _flat(getattr(app, "routes", None) or ()):
        pattern = getattr(route, "path_regex", None)
        match = pattern.match(f"{mounted}/") if pattern is not None and not hasattr(route, "endpoint") else None
        if match is not None and "path" in match.groupdict():
            remaining_path = match["path"].strip("/")
            return path + _mounts_template(getattr(route, "app", None), f"/{remaining_path}" if remaining_path else "")
    return "/{mounted}"


def _own_template(scope: Scope, route: Any) -> str | None:
    """Return the template of a route in its application.

    FastAPI's route omits the prefix of include_router; its public `iter_route_contexts` has it.
    """
    templates = _templates_of(scope.get("app"), route)
    if len(templates) == 1:
        return templates[0]
    remaining_path = str(scope.get("path", ""))[len(str(scope.get("root_path", ""))) :] if templates else ""
    matching = [template for template in templates if _matches(template, remaining_path)]
    path = matching[0] if matching else getattr(route, "path", None)
    return path if isinstance(path, str) else None


def _templates_of(app: Any, route: Any) -> list[str]:
    """Return the templates under which a route was included. Read them again when a route has been added."""
    by_route = _templates.get(app) if app is not None else None
    if by_route is None or id(route) not in by_route:
        by_route = {id(route): []}
        for path, included in _fastapi_routes(getattr(app, "routes", ())):
            by_route.setdefault(id(included), []).append(path)
        if app is not None:
            _templates[app] = by_route
    return by_route[id(route)]


def _fastapi_routes(routes: Any) -> Iterator[tuple[str, Any]]:
    contexts = getattr(sys.modules.get("fastapi.routing"), "iter_route_contexts", None)
    if contexts is None:
        return
    for context in contexts(routes):
        path, route = getattr(context, "path", None), getattr(context, "original_route", None)
        if isinstance(path, str) and route is not None:
            yield path, route


def _matches(template: str, path: str) -> bool:
    pattern = re.sub(r"\\\{[^}]*:path\\\}", ".*", re.escape(template))
    return re.fullmatch(re.sub(r"\\\{[^}]*\\\}", "[^/]+", pattern), path) is not None


def all_routes(app: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield `METHOD /template` and endpoint of every route an application serves, mounts included."""
    for path, route in _flat(getattr(app, "routes", None) or ()):
        endpoint, mounted = getattr(route, "endpoint", None), getattr(route, "app", None)
        if endpoint is None and getattr(mounted, "routes", None):
            yield from all_routes(mounted, prefix + path)
        for method in getattr(route, "methods", None) or ("WEBSOCKET",) * (endpoint is not None):
            yield f"{method} {prefix}{path}", endpoint


def _flat(routes: Any) -> Iterator[tuple[str, Any]]:
    """Yield each template with its route, those of included routers, too."""
    included = set()
    for path, route in _fastapi_routes(routes):
        included.add(id(route))
        yield path, route
    for route in routes:
        if id(route) not in included and isinstance(getattr(route, "path", None), str):
            yield route.path, route
