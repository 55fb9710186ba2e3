"""Walks through the nodes of a source."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst


def nodes_below(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield a node and all below it."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting += current.children


def names_in(node: cst.CSTNode) -> set[str]:
    """Return all names in the code of a node."""
    return {found.value for found in nodes_below(node) if isinstance(found, cst.Name)}
