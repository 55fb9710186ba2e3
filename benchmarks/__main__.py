"""`python -m benchmarks`: measure everything and write docs/performance.md; name sections to print those alone.

Times need a calm machine; instructions and the ratios of servers that answer side by side do not:
`python -m benchmarks instructions served_instructions served --update` measures them anew and leaves the rest of the
page as it is.

`python -m benchmarks check` is the short test for CI.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import served
from benchmarks.check import check
from benchmarks.contestants import OURS
from benchmarks.figures import Spread, spread
from benchmarks.imports import IMPORTED_BEFORE
from benchmarks.instructions import count
from benchmarks.machine import Machine, one_processor
from benchmarks.page import updated
from benchmarks.peers import PEERS, is_installed
from benchmarks.postgres import server
from benchmarks.profiled import PROFILED
from benchmarks.report import markdown
from benchmarks.rounds import ROOT, Rounds, measure, run_module
from benchmarks.served_instructions import count_served
from benchmarks.workloads import DRIVERS

PAGE = ROOT / "docs" / "performance.md"
SECTIONS = (
    "statements",
    "requests",
    "instructions",
    "analysis",
    "memory",
    "fingerprint",
    "imports",
    "profile",
    "served",
    "served_instructions",
    "endurance",
)
UPDATED = frozenset(("instructions", "served_instructions", "served"))
"""Sections that need no calm machine, so that they may be of another day than the times."""
_TIMED_ONLY = ("bare_again", "without_headers", "query_guard_logged")
"""Instructions have no noise to show, and headers and a log line cost each request the same."""
_MODULES = {"analysis": "analysis", "memory": "memory", "fingerprint": "fingerprints"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="section", help=", ".join((*SECTIONS, "check")))
    parser.add_argument("--quick", action="store_true", help="fewer rounds: see that it works, not how fast it is")
    parser.add_argument("--peers", action="store_true", help="include other people's tools where they are installed")
    parser.add_argument("--json", type=Path, help="write everything that was measured to this file")
    parser.add_argument(
        "--update",
        action="store_true",
        help=f"replace these sections of docs/performance.md, of {', '.join(sorted(UPDATED))}",
    )
    parser.add_argument("--record", action="store_true", help="check: accept today's ratios")
    options = parser.parse_args()
    if unknown := {*options.sections} - {*SECTIONS, "check"}:
        parser.error(f"unknown section {min(unknown)!r}; expected some of {', '.join((*SECTIONS, 'check'))}")
    if options.update and (options.quick or not options.sections or {*options.sections} - UPDATED):
        parser.error(f"--update is for {', '.join(sorted(UPDATED))} in full: other times are measured all together")
    if "check" in options.sections:
        return check(record=options.record)
    results = _measured(options.sections or SECTIONS, quick=options.quick, peers=options.peers)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    text = markdown(results)
    print(text)
    if options.update:
        PAGE.write_text(updated(PAGE.read_text(), text))
    elif not options.sections and not options.quick:
        PAGE.write_text(text)
    return 0


def _measured(sections: Any, *, quick: bool, peers: bool) -> dict[str, Any]:
    present = [peer for peer in PEERS if peers and is_installed(peer)]
    contestants = [contestant.__name__ for contestant in (*OURS, *present)]
    results: dict[str, Any] = {"machine": _machine()}
    results["absent"] = [peer.__name__ for peer in PEERS if peers and peer not in present]
    if {"statements", "requests"} & {*sections}:
        machine = Machine(patience=10 if quick else 60)
        results["paired"] = _paired(contestants, machine, quick=quick)
        results["disturbed"] = f"{machine.disturbed} of {machine.turns}"
    if "instructions" in sections:
        counted = [contestant for contestant in contestants if contestant not in _TIMED_ONLY]
        results["instructions"] = count(counted, repeats=3 if quick else 8)
    for section in _MODULES.keys() & {*sections}:
        results[section] = _repeated(_MODULES[section], times=1 if quick else 5)
    if "profile" in sections:
        results["profile"] = {path: run_module("profiled", path) for path in PROFILED}
        results["imported"] = run_module("imports", "query_guard.middleware", "profile")
        results["cold"] = _repeated("cold", times=1 if quick else 5)
    if "served" in sections:
        with server() as postgres:
            results["served"] = asyncio.run(served.measure(postgres, rounds=2 if quick else 12))
    if "served_instructions" in sections:
        with server() as postgres:
            results["served_instructions"] = asyncio.run(count_served(postgres, repeats=2 if quick else 5))
    if "endurance" in sections:
        growth = run_module("endurance")["growth"]
        results["endurance"] = {"growth": Spread(growth, growth, growth)}
    if "imports" in sections:
        times = 3 if quick else 20
        results["imports"] = {
            module: _repeated("imports", module, times=times)["seconds"] for module in IMPORTED_BEFORE
        }
    return results


def _paired(contestants: list[str], machine: Machine, *, quick: bool) -> dict[str, Rounds]:
    found = {}
    for driver in DRIVERS:
        paths = [f"/select/{times}" for times in (0, 1, 3, 20, 100)]
        seeds, rounds = (1, 3) if quick else (9 if driver == "sqlite" else 4, 3)
        if driver == "sqlite":
            paths += [f"/{kind}/{times}" for kind in ("core", "checkout", "transaction") for times in (1, 41)]
        with one_processor(), server() if driver == "asyncpg" else nullcontext("") as postgres:
            found[driver] = measure(contestants, driver, paths, machine, seeds=seeds, rounds=rounds, postgres=postgres)
    return found


def _repeated(module: str, *arguments: str, times: int) -> dict[str, Spread]:
    """Return lower quartile, median and upper quartile of each figure over fresh processes."""
    with one_processor():
        run_module(module, *arguments)  # compiles what an installation has compiled already
        runs = [run_module(module, *arguments) for _ in range(max(2, times))]
    return {key: spread([run[key] for run in runs]) for key in runs[0]}


def _machine() -> str:
    names = ("SQLAlchemy", "starlette", "aiosqlite", "asyncpg", "structlog")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return (
        f"Measured on {os.cpu_count()} cores of {platform.machine()}, CPython {platform.python_version()}, {versions}"
    )


if __name__ == "__main__":
    raise SystemExit(main())
