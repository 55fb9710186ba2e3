"""The middleware's options, checked when it is built: a wrong value names argument, value and what was expected."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from query_guard.capture.origin.engines import engine_of
from query_guard.web.callables import is_async
from query_guard.web.sampling import SampleRate, is_rate

_BUDGET = r"[A-Z]+ /\S*"
_SWITCH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
_SHORTEST_TOKEN = 16
_CONTROL = r"[\x00-\x1f\x7f]"
_SHOWN = 20


@dataclass(slots=True, eq=False)
class Options:
    """The options of a `QueryGuard`, checked."""

    engines: frozenset[int] | None
    headers: bool
    debug: bool
    debug_path: str
    debug_token: str | None = field(repr=False)
    sample_rate: SampleRate
    budgets: Mapping[str, int]
    exclude: tuple[str, ...]
    capture_parameters: bool
    release: str | None


def check_options(
    *,
    engines: Any,
    headers: Any,
    debug: Any,
    debug_path: Any,
    debug_token: Any,
    sample_rate: Any,
    budgets: Any,
    exclude: Any,
    capture_parameters: Any,
    release: Any,
) -> Options:
    return Options(
        engines=_engines(engines),
        headers=_boolean("headers", headers),
        debug=environment("QUERY_GUARD_DEBUG", _boolean("debug", debug), mistyped=False),
        debug_path=_path(debug_path),
        debug_token=_token(debug_token),
        sample_rate=_rate(sample_rate),
        budgets=_budgets(budgets),
        exclude=_texts("exclude", exclude),
        capture_parameters=_boolean("capture_parameters", capture_parameters),
        release=_release(release),
    )


def environment(name: str, default: bool, *, mistyped: bool) -> bool:
    """Read a switch from the environment, which wins over the argument; an empty one is unset.

    Any other value is logged as an error, and `mistyped` is used: a wrong variable must not stop a service.
    """
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    switch = _SWITCH.get(value.lower())
    if switch is None:
        shown = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
        logging.getLogger("query_guard").error(
            "query_guard: %s must be one of %s, not %r; it counts as %s until this is fixed",
            name, ", ".join(_SWITCH), shown, "on" if mistyped else "off",
        )  # fmt: skip
    return mistyped if switch is None else switch


def _boolean(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"QueryGuard: {name} must be True or False, not {value!r}")
    return value


def _path(value: Any) -> str:
    if not isinstance(value, str) or not value.startswith("/") or value.strip("/") == "":
        raise ValueError(
            f"QueryGuard: debug_path must be a path below the root, such as '/__query_guard__', not {value!r}"
        )
    return "/" + value.strip("/")


def _token(value: Any) -> str | None:
    """Return a token without the space around it, since files of secrets end with a newline; None for an empty one."""
    token = value.strip() if isinstance(value, str) else value
    if token in (None, ""):
        return None
    if not isinstance(token, str) or len(token) < _SHORTEST_TOKEN:
        shown = f"{len(token)} of them" if isinstance(token, str) else type(token).__name__
        raise ValueError(
            f"QueryGuard: debug_token must be None or text of at least {_SHORTEST_TOKEN} characters, not {shown}"
        )
    if re.search(_CONTROL, token):
        raise ValueError("QueryGuard: debug_token must fit into a header, and holds a line break or another control")
    return token


def _release(value: Any) -> str | None:
    if value is not None and (not isinstance(value, str) or not value):
        raise ValueError(f"QueryGuard: release must be None or text of at least 1 characters, not {value!r}")
    return value


def _rate(value: Any) -> SampleRate:
    """Check a rate, or a function that returns one: it is called within a request, and cannot be awaited there."""
    if is_rate(value):
        return float(value)
    if not callable(value):
        raise ValueError(f"QueryGuard: sample_rate must be a number from 0 to 1, not {value!r}")
    if isinstance(value, type) or is_async(value):
        raise ValueError(
            "QueryGuard: sample_rate must be a number from 0 to 1, or a function (not async) of the scope that returns "
            f"one, not {value!r}"
        )
    rate: SampleRate = value
    return rate


def _texts(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence) or not all(isinstance(text, str) for text in value):
        raise ValueError(f"QueryGuard: {name} must be a sequence of texts, such as ('/health',), not {value!r}")
    return tuple(value)


def _budgets(value: Any) -> Mapping[str, int]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError(
            f"QueryGuard: budgets must map routes to numbers, such as {{'GET /orders/{{id}}': 5}}, not {value!r}"
        )
    for route, budget in value.items():
        if not isinstance(route, str) or not re.fullmatch(_BUDGET, route):
            raise ValueError(
                f"QueryGuard: budgets must name a method and a route, such as 'GET /orders/{{id}}', not {route!r}"
            )
        if isinstance(budget, bool) or not isinstance(budget, int) or budget < 0:
            raise ValueError(f"QueryGuard: the budget of {route!r} must be an integer of at least 0, not {budget!r}")
    return dict(value)


def _engines(value: Any) -> frozenset[int] | None:
    if value is None:
        return None
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise ValueError(f"QueryGuard: engines must be None or a sequence of Engine or AsyncEngine, not {value!r}")
    engines = tuple(value)
    for engine in engines:
        if not hasattr(engine, "dialect") or not hasattr(engine, "pool"):
            raise ValueError(f"QueryGuard: engines must hold Engine or AsyncEngine objects, not {engine!r}")
    return frozenset(engine_of(engine.dialect).serial for engine in engines)
