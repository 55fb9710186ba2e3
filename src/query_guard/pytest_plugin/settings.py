"""The options of the command line and the ini file, checked: a wrong one names what was expected."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from query_guard.testing.baseline import Baseline

MODES = ("off", "warn", "fail")
SUFFIXES = (".json", ".sarif", ".md")


@dataclass(slots=True, eq=False)
class Settings:
    """What was asked for. `mode` is empty where nothing was said; `known` is None where there is no baseline yet."""

    mode: str = ""
    baseline: Path | None = None
    known: Baseline | None = None
    update: bool = False
    reports: tuple[Path, ...] = ()

    @property
    def listens(self) -> bool:
        return self.mode != "off"

    @property
    def records(self) -> bool:
        """Whether the call of each test is recorded, whatever the application's middleware does."""
        return self.listens and (self.mode != "" or self.baseline is not None or bool(self.reports))

    @property
    def writes_baseline(self) -> bool:
        return self.listens and self.baseline is not None and (self.update or self.known is None)

    @property
    def holds_baseline(self) -> bool:
        """Whether tests are held against what the baseline knows."""
        return self.listens and self.known is not None and not self.update


def add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("query_guard", "SQL statements of the tests")
    group.addoption(
        "--query-guard",
        dest="query_guard_mode",
        choices=MODES,
        help="what to do about findings of the tests: nothing at all, list them, or fail the test; "
        "by default those of the application's own middleware are listed",
    )
    group.addoption(
        "--query-guard-baseline",
        dest="query_guard_baseline",
        metavar="PATH",
        help="fail only on what has grown since this file was written; written where it is missing",
    )
    group.addoption(
        "--query-guard-update-baseline",
        dest="query_guard_update_baseline",
        action="store_true",
        help="write the baseline anew; tests that do not run keep their entries",
    )
    group.addoption(
        "--query-guard-report",
        dest="query_guard_reports",
        action="append",
        default=[],
        metavar="PATH",
        help="write what was found, as .json, .sarif or .md; may be repeated",
    )
    parser.addini("query_guard", "what --query-guard says where it is not given: off, warn or fail", default="")


def settings_of(config: pytest.Config) -> Settings:
    """Read the options of a run; raises pytest.UsageError."""
    path = config.getoption("query_guard_baseline")
    update = bool(config.getoption("query_guard_update_baseline"))
    if update and not path:
        raise pytest.UsageError("--query-guard-update-baseline needs --query-guard-baseline PATH, which was not given")
    mode = config.getoption("query_guard_mode") or _ini_mode(config)
    baseline = config.invocation_params.dir / path if path else None
    return Settings(
        mode=mode,
        baseline=baseline,
        known=_known(baseline) if baseline is not None and mode != "off" else None,
        update=update,
        reports=tuple(_report(config, path) for path in config.getoption("query_guard_reports")),
    )


def _ini_mode(config: pytest.Config) -> str:
    mode = str(config.getini("query_guard"))
    if mode and mode not in MODES:
        raise pytest.UsageError(f"the ini option query_guard must be off, warn or fail, not {mode!r}")
    return mode


def _report(config: pytest.Config, path: str) -> Path:
    if not path.endswith(SUFFIXES):
        raise pytest.UsageError(f"--query-guard-report must end in .json, .sarif or .md, which {path!r} does not")
    return config.invocation_params.dir / path


def _known(path: Path) -> Baseline | None:
    from query_guard.testing.baseline import read_baseline

    try:
        return read_baseline(path)
    except ValueError as error:
        raise pytest.UsageError(f"--query-guard-baseline: {error}") from error
