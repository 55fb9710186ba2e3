"""Whether the loop that repeats a line waits in each turn, as its source says; the clock depends on the machine.

A loop waits if it calls something whose name says so: `sleep`, `wait`, `poll`, `receive`, `listen` and the like. Not so
`sleep(0)` and `asyncio.wait_for(...)`, which bounds the time of another call.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache

from query_guard.detectors.remedies.scopes import code_around
from query_guard.records import CallSite, Frame

_WAITS = frozenset(("sleep", "wait", "pause", "backoff", "throttle", "poll", "receive", "recv", "listen", "retrying"))
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_RUNNERS = frozenset(("asyncio", "futures"))
"""Their `wait` and `wait_for` run what they are given."""
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@lru_cache(maxsize=256)
def waits_in_turn(site: CallSite) -> bool:
    """Whether the innermost loop around the frames of a site waits in each turn."""
    return any(_waits(loop) for loop in _loops(site)[:1])


@lru_cache(maxsize=256)
def may_wait(site: CallSite) -> bool:
    """Whether it is not known that a site is repeated without a wait.

    An outer loop may be the one that repeats it. A `while` goes on until something has changed, and may wait in what it
    calls. Without any loop, what repeats it cannot be seen: an event loop that calls into a thread, for example.
    """
    loops = _loops(site)
    return not loops or any(isinstance(loop, ast.While) or _waits(loop) for loop in loops)


def _loops(site: CallSite) -> list[ast.AST]:
    """Return the loops around the frames of a site, innermost first."""
    return [loop for frame in site.frames for loop in reversed(_loops_around(frame))]


def _loops_around(frame: Frame) -> list[ast.AST]:
    """Return the loops around a line within its function, outermost first."""
    code, line = code_around(frame)
    loops: list[ast.AST] = []
    nodes: list[ast.AST] = [code]
    for node in nodes:
        nodes += [child for child in ast.iter_child_nodes(node) if _contains(child, line)]
        if isinstance(node, _FUNCTIONS):
            loops.clear()
        elif any(_contains(part, line) for part in _turn(node)):
            loops.append(node)
    return loops


def _contains(node: ast.AST, line: int) -> bool:
    return getattr(node, "lineno", line) <= line <= getattr(node, "end_lineno", line)


def _turn(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what a loop runs in each turn; nothing for other nodes, and for a comprehension that calls nothing."""
    if isinstance(node, (ast.For, ast.AsyncFor)):
        yield from node.body
    elif isinstance(node, ast.While):
        yield from (node.test, *node.body)
    elif isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp)) and _calls(node.elt):
        yield node.elt


def _waits(loop: ast.AST) -> bool:
    """Whether a turn contains a wait, be it in what a `for` asks for its next turn."""
    parts = [*_turn(loop), *([loop.iter] if isinstance(loop, (ast.For, ast.AsyncFor)) else [])]
    return any(_is_wait(call) for part in parts for call in _calls(part))


def _calls(node: ast.AST) -> list[ast.Call]:
    return [call for call in ast.walk(node) if isinstance(call, ast.Call)]


def _is_wait(call: ast.Call) -> bool:
    name, owner = _name(call.func), _name(getattr(call.func, "value", None))
    words = {word.lower() for word in _WORDS.findall(name)}
    is_bound = "wait" in words and (owner in _RUNNERS or (name == "wait_for" and not owner))
    is_zero = bool(call.args) and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0
    return not words.isdisjoint(_WAITS) and not is_bound and not is_zero


def _name(node: ast.AST | None) -> str:
    return str(getattr(node, "attr", "") or getattr(node, "id", ""))
