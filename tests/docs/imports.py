"""The picture of the imports between packages: `python -m tests.docs.imports docs/explanation/imports.svg` draws it.

It needs the program `dot` of Graphviz. An arrow leads from a package to one that it imports. Arrows that follow from
others are left out: where there is a way over several packages, the direct import is not drawn.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import grimp

_PACKAGE = "query_guard"
_OPENED = "query_guard.capture"
"""The package whose parts are drawn, too."""


def imports() -> set[tuple[str, str]]:
    """Return pairs of packages of which the first imports the second, without those that follow from others."""
    graph = grimp.build_graph(_PACKAGE)
    pairs = {
        (_unit(importer), _unit(imported))
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
    }
    return _reduced({pair for pair in pairs if pair[0] != pair[1] and _PACKAGE not in pair})


def _unit(module: str) -> str:
    """Return what stands for a module in the picture: a child of the root package, or of `capture`."""
    depth = 3 if module.startswith(f"{_OPENED}.") else 2
    return ".".join(module.split(".")[:depth])


def _reduced(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    followers: dict[str, set[str]] = {}
    for importer, imported in pairs:
        followers.setdefault(importer, set()).add(imported)
    return {
        (importer, imported)
        for importer, imported in pairs
        if not any(imported in _reached(other, followers) for other in followers[importer] - {imported})
    }


def _reached(start: str, followers: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        new = followers.get(waiting.pop(), set()) - reached
        reached |= new
        waiting += new
    return reached


def dot(pairs: set[tuple[str, str]]) -> str:
    """Return the picture in the language of Graphviz."""
    units = sorted({unit for pair in pairs for unit in pair})
    inside = [unit for unit in units if unit.startswith(f"{_OPENED}.")]
    outside = [unit for unit in units if unit not in inside]
    return "\n".join(
        [
            "digraph imports {",
            '  graph [bgcolor="white" fontname="sans-serif" ranksep=0.45 nodesep=0.3];',
            '  node [shape=box style="rounded,filled" fillcolor="#eef2ff" color="#6366f1" fontname="sans-serif"];',
            '  edge [color="#64748b" arrowsize=0.7];',
            *map(_node, outside),
            '  subgraph cluster_capture { label="capture"; labeljust=l; style=rounded; color="#6366f1";',
            *map(_node, inside),
            "  }",
            *(f'  "{importer}" -> "{imported}";' for importer, imported in sorted(pairs)),
            "}",
        ]
    )


def _node(unit: str) -> str:
    return f'  "{unit}" [label="{unit.rpartition(".")[2]}"];'


if __name__ == "__main__":
    svg = subprocess.run(["dot", "-Tsvg"], input=dot(imports()), capture_output=True, text=True, check=True).stdout
    Path(sys.argv[1]).write_text(svg, encoding="utf-8")
