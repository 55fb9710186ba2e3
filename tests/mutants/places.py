"""Which changes of `src/` there are, and which of them are worth a run of tests."""

from __future__ import annotations

import difflib
import random
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cosmic_ray.plugins
from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import mutate_code
from cosmic_ray.work_item import MutationSpec

EQUIVALENT = Path(__file__).with_name("equivalent.toml")


@dataclass(frozen=True)
class Mutant:
    """A change of one place, and the lines that it takes away and puts there, without their indentation."""

    spec: MutationSpec
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.spec.module_path}:{self.spec.start_pos[0]} {self.spec.operator_name.removeprefix('core/')}"


def sampled(files: Sequence[Path], left_out: str, size: int, seed: int) -> list[Mutant]:
    """Return as many mutants as asked for, or all there are, in an order that depends on the seed.

    There is one for each place that can be changed, which of several being a matter of chance. The files are relative
    to the working directory.
    """
    names = [name for name in _operators() if not re.search(left_out, name)]
    chance, known, sample = random.Random(seed), _equivalent(), list[Mutant]()
    by_place: dict[Any, list[MutationSpec]] = {}
    for spec in (spec for file in files for spec in _specs(file, names)):
        by_place.setdefault((str(spec.module_path), spec.start_pos, spec.end_pos), []).append(spec)
    for specs in chance.sample([*by_place.values()], len(by_place)):
        mutant = _made(chance.choice(specs))
        if mutant is not None and (str(mutant.spec.module_path), mutant.before, mutant.after) not in known:
            sample.append(mutant)
        if len(sample) == size:
            break
    return sample


def _operators() -> list[str]:
    """Return the names of the operators that need no arguments."""
    names = cosmic_ray.plugins.operator_names()
    return [name for name in names if not cosmic_ray.plugins.get_operator(name).arguments()]


def _specs(file: Path, names: Sequence[str]) -> Iterator[MutationSpec]:
    """Yield what `cosmic-ray init` finds, but look for the nodes once for all operators."""
    nodes = [*ast_nodes(get_ast_from_path(file))]
    for name in names:
        operator = cosmic_ray.plugins.get_operator(name)()
        places = (place for node in nodes for place in operator.mutation_positions(node))
        for occurrence, (start, end) in enumerate(places):
            yield MutationSpec(file, name, occurrence, start, end)


def _made(spec: MutationSpec) -> Mutant | None:
    """Return the mutant, or None where what it makes is no Python: a `/` in the place of the `**` of a call."""
    source = spec.module_path.read_text()
    try:
        changed = mutate_code(source, cosmic_ray.plugins.get_operator(spec.operator_name)(), spec.occurrence)
        compile(changed, str(spec.module_path), "exec", dont_inherit=True)
    except (SyntaxError, AttributeError):  # some operators do not know dotted names
        return None
    return Mutant(spec, *("\n".join(_lines(source, changed, sign)) for sign in "-+"))


def _lines(source: str, changed: str, sign: str) -> Iterator[str]:
    """Yield the lines that only one of the two has."""
    for line in difflib.unified_diff(source.splitlines(), changed.splitlines(), n=0, lineterm=""):
        if line.startswith(sign) and not line.startswith(sign * 3) and line[1:].strip():
            yield line[1:].strip()


def _equivalent() -> set[tuple[str, str, str]]:
    """Return the mutants that somebody has read and found to change nothing: file, lines before, lines after."""
    listed = tomllib.loads(EQUIVALENT.read_text()).get("mutant", [])
    return {(entry["file"], entry["before"], entry["after"]) for entry in listed}
