"""Whether the loop that repeats a line waits in each turn, as its source says; the clock depends on the machine.

A loop waits if each turn calls what is known to wait: `sleep`, `wait_for_change`, `poll`, `receive_text`, `listen` and
the like. Not so `sleep(0)`, `asyncio.wait_for(...)`, which bounds the time of another call, what only an error leads
to, and the call that sends the statement. Other names with such a word, as `receive_order`, may wait, or name a thing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from query_guard.detectors.remedies.scopes import code_around
from query_guard.records import CallSite, Frame

_WAITS = frozenset(("sleep", "wait", "pause", "backoff", "throttle", "poll", "receive", "recv", "listen", "retrying"))
_KNOWN = re.compile(
    r"_*(?:async_?)?(?:(?:sleep|wait)(?:_(?:for|until|before|between)_?\w*)?|pause|backoff|throttle|poll|listen"
    r"|(?:receive|recv)(?:_(?:text|json|bytes|string|messages?|events?))?|retrying)",
    re.IGNORECASE,
)
"""Names of calls that wait, and do not read first a thing that is called so."""
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_RUNNERS = frozenset(("asyncio", "futures"))
"""Their `wait` and `wait_for` run what they are given."""
_LATER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.ExceptHandler)
"""What is in them is run another time, or only after an error."""
_DURATIONS = frozenset(("delay", "seconds", "timeout"))
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class _Loop(NamedTuple):
    """A loop, and the function of ours that it calls for the statement, empty if it sends the statement itself."""

    node: ast.AST
    sender: str


@lru_cache(maxsize=256)
def waits_in_turn(site: CallSite) -> bool:
    """Whether the innermost loop around the frames of a site waits in each turn."""
    return any(_waits(loop, is_known=True) for loop in _loops(site)[:1])


@lru_cache(maxsize=256)
def may_wait(site: CallSite) -> bool:
    """Whether it is not known that a site is repeated without a wait.

    An outer loop may be the one that repeats it. A `while` goes on until something has changed, and may wait in what it
    calls. Without any loop, what repeats it cannot be seen: an event loop that calls into a thread, for example.
    """
    loops = _loops(site)
    return not loops or any(isinstance(loop.node, ast.While) or _waits(loop, is_known=False) for loop in loops)


def _loops(site: CallSite) -> list[_Loop]:
    """Return the loops around the frames of a site, innermost first."""
    senders = ["", *(frame.function for frame in site.frames)]
    return [
        _Loop(node, sender)
        for frame, sender in zip(site.frames, senders, strict=False)
        for node in reversed(_loops_around(frame))
    ]


def _loops_around(frame: Frame) -> list[ast.AST]:
    """Return the loops around a line within its function, outermost first; a `return` ends those around it."""
    code, line = code_around(frame)
    loops: list[ast.AST] = []
    nodes: list[ast.AST] = [code]
    for node in nodes:
        nodes += [child for child in ast.iter_child_nodes(node) if _contains(child, line)]
        if isinstance(node, (*_FUNCTIONS, ast.Return)):
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
    elif isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
        results = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        conditions = [condition for generator in node.generators for condition in generator.ifs]
        inner = [generator.iter for generator in node.generators[1:]]
        yield from (part for part in (*results, *conditions, *inner) if _calls(part))


def _waits(loop: _Loop, *, is_known: bool) -> bool:
    """Whether a turn contains a wait that is known, or a call that may be one; what a `for` iterates over counts."""
    node = loop.node
    parts = [*_turn(node), *([node.iter] if isinstance(node, (ast.For, ast.AsyncFor)) else [])]
    calls = [call for part in parts for call in _calls(part) if _name(call.func) != loop.sender or not loop.sender]
    return any(_is_wait(call) and (not is_known or _is_known(call)) for call in calls)


def _calls(node: ast.AST) -> list[ast.Call]:
    """Return the calls that are made where a node is run."""
    nodes = [node]
    for each in nodes:
        nodes += ast.iter_child_nodes(each) if not isinstance(each, _LATER) else ()
    return [each for each in nodes if isinstance(each, ast.Call)]


def _is_wait(call: ast.Call) -> bool:
    name, owner = _name(call.func), _name(getattr(call.func, "value", None))
    words = {word.lower() for word in _WORDS.findall(name)}
    is_bound = "wait" in words and (owner in _RUNNERS or (name == "wait_for" and not owner))
    durations = [*call.args[:1], *(keyword.value for keyword in call.keywords if keyword.arg in _DURATIONS)]
    is_zero = any(isinstance(value, ast.Constant) and value.value == 0 for value in durations)
    return not words.isdisjoint(_WAITS) and not is_bound and not is_zero


def _is_known(call: ast.Call) -> bool:
    """Whether a name is that of a wait. `Poll(...)` makes an object, and a bare `wait(...)` may be that of asyncio."""
    name = _name(call.func)
    is_bare_wait = isinstance(call.func, ast.Name) and name == "wait"
    is_class = name[:1].isupper() and not name.endswith("Retrying")
    return _KNOWN.fullmatch(name) is not None and not is_bare_wait and not is_class


def _name(node: ast.AST | None) -> str:
    return str(getattr(node, "attr", "") or getattr(node, "id", ""))
